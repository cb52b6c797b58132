"""Judges statements in the order of a script, climbing from the grammar to the catalog to parse analysis.

`ladder.py` leads. A module a subject: `tables.py`, `alterations.py`, `constraints.py`, `indexes.py`, `views.py`,
`functions.py`, `type_definitions.py`, `objects.py` (sequences, schemas, settings), then `renaming.py` and
`dropping.py` of any of them. What the server is asked: `expressions.py` and `queries.py`, where `made.py` knows what
it cannot know yet; `volatility.py` and `index_expressions.py` look up what an index may hold; `pending.py` what
triggers wait for COMMIT. `copies.py` (types and sequences: `aside.py`), `execution.py` and `probes.py` are the steps on
request.
"""
