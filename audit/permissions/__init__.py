"""Permission rules: what an agent may do, must not do, and must ask a person for.

The deciding modules (patterns, rules, calls, parts, matching, deciding, formats) import no Django, so that a hook can
answer without starting it; `store` keeps rules in the database and `decisions` records what was decided.
"""
