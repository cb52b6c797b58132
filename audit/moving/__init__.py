"""The whole installation from one kind of database to the other."""
