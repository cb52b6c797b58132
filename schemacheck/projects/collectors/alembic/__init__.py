"""An Alembic project's revisions as plain data: each statement of both directions with the line that sends it.

Each revision is run on its own under a context that records, so one that cannot be written spoils no other, and the
dialect is PostgreSQL's whatever the project's is. No engine is made unless the question says so; with `scratch`, the
address of an empty database, they are really run there.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def collect(asked: dict[str, Any]) -> dict[str, Any]:
    """`ini`, `section`, `words` (revisions), `files` and `changed`; `asking` for what the database is at."""
    ini = asked["ini"]
    os.chdir(os.path.dirname(ini))
    sys.path.append(os.getcwd())
    import alembic
    import sqlalchemy

    from .choosing import choose
    from .environment import Environment
    from .revisions import tell

    environment = Environment(ini, asked.get("section") or "alembic")
    revisions, problems = environment.revisions()
    current, away = environment.current() if asked.get("asking") and not problems else (None, "")
    chosen = choose(environment.script, revisions, asked, current)
    told, tried = tell(environment, chosen), None
    if asked.get("scratch") and not problems:
        from .trying import try_out

        tried = try_out(environment, chosen, told, asked["scratch"])
    return {
        "alembic": alembic.__version__,
        "sqlalchemy": sqlalchemy.__version__,
        "unready": environment.unready,
        "per_migration": environment.per_migration,
        "away": away,
        "strange": chosen.strange,
        "problems": problems + environment.heads(),
        "tried": tried,
        "revisions": told,
    }
