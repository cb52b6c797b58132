"""Judges statements in the order of a script, climbing from the grammar to the catalog to parse analysis."""
