"""SQLite's own verdict on a script.

`checking.py` asks for it, `child.py` is the process that gives it, `judging.py` and `tables.py` are what that process
does, on a `replica.py` of the schema, with the `pieces.py` of a script; `rows.py` and `inserts.py` say what fails once
there are rows.
"""
