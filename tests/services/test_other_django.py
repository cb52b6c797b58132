"""Public Django projects, from 3.2 under Python 3.8 to the newest, each under its own Python, checked from outside.

What the migrations are said to do is held against what they really send to a PostgreSQL.
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemacheck.test_other_django import INITIAL, MORE, Site
from tests.services.postgres import Cluster
from tests.services.projects.environments import newest_python, python_with
from tests.services.projects.public_django import PUBLIC, write_site
from tests.services.projects.sent import COLLECTOR, compared, on, really_sent, same_words

pytestmark = pytest.mark.services
VERSIONS = [
    (("3.8", "3.9", "3.10", "3.11"), "Django==3.2.*"),
    (("3.9", "3.10", "3.11", "3.12"), "Django==4.2.*"),
    (("3.12", "3.13"), "Django>=6,<7"),
]
Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("name", PUBLIC)
def test_the_sql_of_a_public_project_is_what_its_migrations_really_send(
    name: str, tmp_path: Path, server: Cluster
) -> None:
    python = python_with(newest_python("3.13", "3.12"), *PUBLIC[name].packages)
    manage = write_site(tmp_path / name, PUBLIC[name])
    likeness = compared(python, manage, server, f"truth_{name}")  # told without a database
    assert likeness.total > 100
    assert likeness.share >= 0.99, likeness.missed


def site_of(folder: Path) -> Site:
    made = Site(folder)
    made.migration("0002_more", MORE, after="0001_initial")
    return made


@pytest.mark.parametrize(("pythons", "django"), VERSIONS, ids=[django for _, django in VERSIONS])
def test_every_django_is_checked_under_its_own_python_without_a_driver(
    pythons: tuple[str, ...], django: str, tmp_path: Path, run_command: Run
) -> None:
    python = python_with(newest_python(*pythons), django)
    site = site_of(tmp_path / "site")
    code, out, err = run_command(
        "schemacheck", "--format", "json", "--django", str(site.manage), "--python", str(python), "shop", "0002"
    )
    assert code == 0, err
    report = json.loads(out)
    assert report["migration"] == "shop.0002_more"
    assert [finding["rule"] for finding in report["warnings"] if finding["line"] == 7] == ["drop-column"]
    assert "type-change-rewrites" in {finding["rule"] for finding in report["warnings"]}
    assert f"Django {re.findall(r'[0-9.]+', django)[0].rstrip('.')}" in err


def test_what_only_the_projects_own_python_can_read_is_read_by_it(tmp_path: Path, run_command: Run) -> None:
    python = python_with(newest_python("3.13", "3.12"), "Django>=6,<7")
    site = Site(tmp_path / "site")
    newer = 'type Total = int\nNAME = f"{"total"}"\n'  # a syntax error before Python 3.12
    site.migration("0002_more", 'migrations.RemoveField("order", "note"),', after="0001_initial", head=newer)
    code, out, err = run_command(
        "schemacheck", "--format", "json", "--django", str(site.manage), "--python", str(python), "shop", "0002"
    )
    assert code == 0, err
    assert [finding["rule"] for finding in json.loads(out)["warnings"]] == ["drop-column"]


def test_names_that_outlive_a_rename_are_looked_up_where_the_database_answers(
    tmp_path: Path, server: Cluster, run_command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = python_with(newest_python("3.13", "3.12"), "Django>=6,<7", "psycopg[binary]")
    site = Site(tmp_path / "site")
    site.settings(
        """
        DATABASES = {"default": {
            "ENGINE": "django.db.backends.postgresql", "NAME": os.environ["SITE_DATABASE"], "HOST": "127.0.0.1",
            "USER": "handrail", "PORT": os.environ["SITE_PORT"], "OPTIONS": {"target_session_attrs": "read-write"},
        }}
        """
    )
    site.migration("0001_initial", INITIAL.replace("IntegerField(null=True)", "IntegerField(unique=True)"))
    site.migration("0002_rename", 'migrations.RenameModel("order", "purchase"),', after="0001_initial")
    site.migration(
        "0003_loose", 'migrations.AlterField("purchase", "total", models.IntegerField()),', after="0002_rename"
    )
    env = on(server, "renamed")
    really_sent(python, site.manage, env, "shop", "0002_rename")
    for key in ("SITE_DATABASE", "SITE_PORT"):
        monkeypatch.setenv(key, env[key])
    words = ["schemacheck", "--format", "json", "--django", str(site.manage), "--python", str(python)]
    asked = json.loads(run_command(*words, "--database", "default")[1])
    assert (asked["migration"], asked["applied"]) == ("shop.0003_loose", False)  # the others are applied
    sent = really_sent(python, site.manage, env)["shop.0003_loose"]
    assert any("shop_order_total_key" in sql for sql in sent)
    written = same_words(asked["sql"]["forwards"])
    assert [sql for sql in map(same_words, sent) if sql not in written] == []
    monkeypatch.setenv("SITE_PORT", "1")
    code, out, err = run_command(*words, "--database", "default", "shop", "0003")
    assert (code, "was not asked" in err) == (0, True)
    assert json.loads(out)["migration"] == "shop.0003_loose"


def test_the_project_of_another_python_brings_nothing_of_ours(tmp_path: Path, run_command: Run) -> None:
    python = python_with(newest_python("3.13", "3.12"), "Django>=6,<7")
    site = site_of(tmp_path / "site")
    site.settings(
        f"""
        import sys
        assert {str(COLLECTOR.parent)!r} not in sys.path, sys.path
        assert not [name for name in sys.modules if name.startswith(("schemacheck", "config", "audit"))]
        assert "PYTHONPATH" not in os.environ
        assert sys.prefix != {sys.prefix!r}
        """
    )
    assert run_command("schemacheck", "--django", str(site.manage), "--python", str(python), "shop")[0] == 0
