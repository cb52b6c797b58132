"""The containers an engine has."""

from typing import Any

from dockerdebug.deadline import Deadline
from dockerdebug.redaction import plain

LIST_SECONDS = 5.0


def list_containers() -> list[dict[str, Any]]:
    """Every container of the engine, by name. Raises EngineUnavailable."""
    from dockerdebug.engine import connect

    engine = connect(Deadline(LIST_SECONDS))
    try:
        rows = engine.containers()
    finally:
        engine.close()
    found = [
        {
            "id": str(row.get("Id", ""))[:12],
            "name": plain(str((row.get("Names") or [""])[0])).lstrip("/"),
            "image": plain(str(row.get("Image", ""))),
            "state": plain(str(row.get("State", ""))),
            "status": plain(str(row.get("Status", ""))),
        }
        for row in rows
    ]
    return sorted(found, key=lambda row: row["name"])
