"""Statements of our own where the ORM costs too much: rows by one column, counts in one question, times by hour."""
