"""What a Django project's migrations are said to send, beside what they really send to a PostgreSQL."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.services.postgres import Cluster

COLLECTOR = Path(__file__).parents[3] / "schemacheck" / "projects" / "collectors" / "__main__.py"
TRUTH = Path(__file__).parent / "truth_django.py"
CHANGES = ("CREATE", "ALTER", "DROP", "SET CONSTR", "COMMENT", "TRUNCATE")
MOMENT = r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(\+00:00)?'"


@dataclass
class Likeness:
    """Statements that changed the schema: all that were sent, those told alike, those that Python wrote."""

    total: int = 0
    alike: int = 0
    by_python: int = 0
    missed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of what can be told without running a project's Python, and was."""
        return self.alike / (self.total - self.by_python)


def on(server: Cluster, database: str) -> dict[str, str]:
    """The environment of a site whose database was made on the server."""
    server.run("createdb", "-h", "127.0.0.1", "-p", str(server.port), "-U", "handrail", database)
    return environment(SITE_DATABASE=database, SITE_PORT=str(server.port))


def environment(**more: str) -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"} | more


def really_sent(python: Path, manage: Path, env: dict[str, str], *target: str) -> dict[str, list[str]]:
    command = [str(python), str(TRUTH), str(manage), *target]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def told(python: Path, manage: Path, labels: dict[str, Any], env: dict[str, str]) -> dict[str, Any]:
    """Everything the collector says of these migrations."""
    files = [
        str(path)
        for path in python.parent.parent.glob("lib/*/site-packages/**/migrations/*.py")
        if path.name != "__init__.py" and any(label.endswith(f".{path.stem}") for label in labels)
    ]
    done = subprocess.run(
        [str(python), str(COLLECTOR), "django"],
        input=json.dumps({"manage": str(manage), "files": files}),
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    assert "failed" not in answer, answer
    return answer


def compared(python: Path, manage: Path, server: Cluster, database: str) -> Likeness:
    """All migrations of a site, told without a database and then run on an empty one."""
    sent = really_sent(python, manage, on(server, database))
    found = Likeness()
    for migration in told(python, manage, sent, environment())["migrations"]:
        label = f"{migration['app']}.{migration['name']}"
        operations = migration["operations"]
        written = [same_words(sql) for operation in operations for sql in operation["forwards"]]
        written = [sql for sql in written if sql.upper().startswith(CHANGES)]
        for sql in map(same_words, sent.pop(label)):
            found.total += 1
            if sql in written:
                written.remove(sql)
                found.alike += 1
            elif any(operation["unwritten"] for operation in operations):
                found.by_python += 1  # and said so: migration-not-written
            else:
                found.missed.append((label, sql))
    assert not sent, "not every migration that ran was told of"
    return found


def same_words(sql: str) -> str:
    """Without what differs from run to run, or is written by a driver: types of constants, moments, random ids."""
    text = re.sub(r"::[a-z0-9 ]+?(?=[ ,;)]|$)", "", re.sub(r"\bE'", "'", sql))
    text = re.sub(MOMENT, "'moment' ", text)
    text = re.sub(r"'[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}'", "'id' ", text)
    return " ".join(text.split()).rstrip("; ")
