"""The language server on revisions of Alembic, under the Python of their project."""

from pathlib import Path

import pytest

from tests.schemacheck.language_client import Client
from tests.services.projects.alembic_project import write_project
from tests.services.projects.environments import newest_python, python_with

pytestmark = pytest.mark.services


def test_a_revision_is_judged_as_it_is_typed_under_the_projects_own_python(tmp_path: Path) -> None:
    python = python_with(newest_python("3.13", "3.12"), "alembic", "psycopg[binary]")
    write_project(tmp_path / "site")
    path = tmp_path / "site" / "migrations" / "versions" / "f6_step.py"
    saved = path.read_text()
    with Client("--python", str(python), cwd=tmp_path) as client:
        uri = client.open(path, saved.replace('op.drop_column("shop", "total")', 'op.drop_table("shop")'), "python")
        found = {finding["code"]: finding["range"]["start"]["line"] for finding in client.findings(uri)}
        assert 'op.drop_column("shop", "total")' in saved.splitlines()[found["drop-table"]]
        client.change(uri, 2, saved)
        assert "drop-column" in {finding["code"] for finding in client.findings(uri, 2)}
        assert client.leave() == 0
    assert path.read_text() == saved
