"""A Django project that is not this service: checked from outside, under its own Python, whatever is wrong with it."""

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from schemacheck.projects.interpreter import find_python
from tests.schemacheck.django_project import ROOT

SETTINGS = """
import os
SECRET_KEY = "of a test"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
HERE = os.path.dirname(__file__)
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(HERE, "db.sqlite3")}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
MANAGE = """
import os, sys

def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)

if __name__ == "__main__":
    main()
"""
INITIAL = """
migrations.CreateModel("Order", [
    ("id", models.BigAutoField(primary_key=True)),
    ("total", models.IntegerField(null=True)),
    ("note", models.TextField(null=True)),
]),
"""
Run = Callable[..., tuple[int, str, str]]


class Site:
    """A project with one app, `shop`, which knows nothing of Handrail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manage = folder / "manage.py"
        (folder / "shop" / "migrations").mkdir(parents=True)
        self.manage.write_text(MANAGE)
        self.settings()
        for name in ("shop/__init__.py", "shop/models.py", "shop/migrations/__init__.py"):
            (folder / name).write_text("")
        self.migration("0001_initial", INITIAL)

    def settings(self, more: str = "") -> None:
        (self.folder / "site_settings.py").write_text(SETTINGS + textwrap.dedent(more))

    def migration(self, name: str, operations: str, *, after: str | None = None, head: str = "") -> Path:
        lines = [
            "from django.db import migrations, models",
            textwrap.dedent(head),
            "class Migration(migrations.Migration):",
            f"    dependencies = {[('shop', after)] if after else []!r}",
            "    operations = [",
            textwrap.indent(textwrap.dedent(operations).strip("\n"), " " * 8),
            "    ]",
        ]
        path = self.folder / "shop" / "migrations" / f"{name}.py"
        path.write_text("\n".join(lines) + "\n")
        return path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "their site")  # with a blank in its path


@pytest.fixture
def check(site: Site, run_command: Run) -> Run:
    """`schemacheck --django` on the site, under this Python; the answer of `--format json` read."""

    def run(*words: str) -> tuple[int, Any, str]:
        code, out, err = run_command(
            "schemacheck", "--format", "json", "--django", str(site.manage), "--python", sys.executable, *words
        )
        told = json.loads(out) if out.strip() else []
        return code, told if isinstance(told, list) else [told], err

    return run


def found(reports: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
    return {
        (report["migration"], finding["rule"], finding["line"])
        for report in reports
        for kind in ("errors", "warnings", "suggestions")
        for finding in report[kind]
    }


def rules(reports: list[dict[str, Any]]) -> set[str]:
    return {rule for _, rule, _ in found(reports)}


MORE = """
migrations.AlterField("order", "total", models.BigIntegerField(null=True)),
migrations.RemoveField("order", "note"),
"""


def test_one_migration_is_judged_by_the_beginning_of_its_name(site: Site, check: Run) -> None:
    site.migration("0002_more", MORE, after="0001_initial")
    code, reports, err = check("shop", "0002")
    assert code == 0
    assert [(report["migration"], report["applied"]) for report in reports] == [("shop.0002_more", False)]
    assert ("shop.0002_more", "type-change-rewrites", 6) in found(reports)
    assert ("shop.0002_more", "drop-column", 7) in found(reports)
    # What the migrations before made is known: the old type stands in the message, and rows are taken to be there.
    (rewrite,) = [item for item in reports[0]["warnings"] if item["rule"] == "type-change-rewrites"]
    assert "from integer" in rewrite["message"]
    assert reports[0]["path"].endswith("0002_more.py")
    assert "Python 3" in err


KEPT = """
migrations.CreateModel("Box", [
    ("id", models.BigAutoField(primary_key=True)),
    ("order", models.ForeignKey("shop.order", models.CASCADE)),
]),
"""
RENAMED = """
migrations.RenameModel("Box", "Parcel"),
migrations.AlterField("parcel", "order", models.ForeignKey("shop.order", models.CASCADE, null=True)),
migrations.AlterField("order", "id", models.AutoField(primary_key=True)),
"""


def test_a_table_renamed_and_then_changed_keeps_its_constraints_by_their_old_names(site: Site, check: Run) -> None:
    site.migration("0002_box", KEPT, after="0001_initial")
    site.migration("0003_parcel", RENAMED, after="0002_box")
    code, reports, _ = check("shop", "0003")
    sql = reports[0]["sql"]["forwards"]
    assert code == 0
    assert "undefined-constraint" not in rules(reports)
    dropped = re.findall(r'DROP CONSTRAINT "(\w+)"', sql)
    assert [name.partition("_order_id")[0] for name in dropped] == ["shop_box", "shop_parcel"]  # then what replaced it


LABELLED = """
migrations.CreateModel("Box", [
    ("id", models.BigAutoField(primary_key=True)),
    ("code", models.CharField(max_length=9, unique=True)),
    ("size", models.PositiveIntegerField()),
    ("order", models.ForeignKey("shop.order", models.CASCADE)),
]),
"""
RELABELLED = """
migrations.RenameField("Box", "code", "label"),
migrations.RenameField("Box", "label", "sign"),
migrations.RenameField("Box", "size", "volume"),
migrations.RenameField("Box", "order", "sale"),
migrations.RenameModel("Box", "Parcel"),
migrations.AlterField("parcel", "sign", models.CharField(max_length=9)),
migrations.AlterField("parcel", "sign", models.CharField(max_length=9, unique=True)),
migrations.AlterField("parcel", "sign", models.CharField(max_length=9, null=True)),
migrations.AlterField("parcel", "volume", models.IntegerField()),
migrations.AlterField("parcel", "sale", models.IntegerField()),
"""


def test_a_column_renamed_and_then_changed_keeps_its_constraints_by_their_old_names(site: Site, check: Run) -> None:
    site.migration("0002_box", LABELLED, after="0001_initial")
    site.migration("0003_parcel", RELABELLED, after="0002_box")
    code, reports, _ = check("shop", "0003")
    sql = reports[0]["sql"]["forwards"]
    assert code == 0
    assert "undefined-constraint" not in rules(reports)
    dropped = re.findall(r'DROP CONSTRAINT "(\w+)"', sql)
    # Django makes a foreign key anew with its column's name; what is unique or checked keeps the name it was given.
    assert [re.sub("_[0-9a-f]{8}_", "_", name) for name in dropped] == [
        "shop_box_order_id_fk_shop_order_id",
        "shop_box_code_key",
        "shop_parcel_sign_uniq",
        "shop_box_size_check",
        "shop_box_sale_id_fk_shop_order_id",
    ]


def test_the_whole_project_is_one_script_and_what_is_new_alarms_nobody(site: Site, check: Run) -> None:
    site.migration("0002_more", MORE, after="0001_initial")
    code, reports, _ = check()
    assert (code, [report["migration"] for report in reports]) == (0, ["shop.0001_initial", "shop.0002_more"])
    assert "type-change-rewrites" not in rules(reports)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope",), "There is no app 'nope' with migrations. Known are: auth, contenttypes, shop."),
        (("shop", "0009"), "shop has no migration '0009'"),
        (("shop", "0001", "more"), "an app and the name of a migration"),
        (("--database", "replica"), "There is no database 'replica'. Known are: default."),
    ],
)
def test_what_the_project_does_not_have_ends_with_2(check: Run, words: tuple[str, ...], said: str) -> None:
    code, reports, err = check(*words)
    assert (code, reports, said in err) == (2, [], True), err


def test_a_name_that_fits_two_migrations_is_refused(site: Site, check: Run) -> None:
    site.migration("0002_more", MORE, after="0001_initial")
    site.migration("0002_mood", 'migrations.RemoveField("order", "total"),', after="0002_more")
    code, _, err = check("shop", "0002_mo")
    assert (code, "begin with '0002_mo'" in err) == (2, True)


def test_a_project_is_asked_which_are_applied_only_when_its_database_is_named(site: Site, check: Run) -> None:
    database = site.folder / "db.sqlite3"
    check("shop")
    assert not database.exists()  # nor is it made by asking it
    _, _, err = check("--database", "default")
    assert "db.sqlite3 is not there" in err
    assert not database.exists()
    manage(site, "migrate", "shop")
    site.migration("0002_more", MORE, after="0001_initial")
    before = database.read_bytes()
    _, reports, _ = check("--database", "default")
    assert [report["migration"] for report in reports] == ["shop.0002_more"]
    assert "type-change-rewrites" in rules(reports)
    assert database.read_bytes() == before


def manage(site: Site, *words: str) -> None:
    """The project's own commands."""
    own = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, str(site.manage), *words], env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_what_the_project_prints_is_no_part_of_the_answer(site: Site, check: Run) -> None:
    site.settings('import sys; print("{}"); sys.stdout.write("no newline"); os.write(1, b"raw")')
    code, reports, _ = check("shop", "0001")
    assert (code, [report["migration"] for report in reports]) == (0, ["shop.0001_initial"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("from nowhere import everything", "ModuleNotFoundError: No module named 'nowhere'"),
        ('os.environ["SHOP_TOKEN"]', "KeyError: 'SHOP_TOKEN'"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("os._exit(7)", "exit code 7"),
        ('INSTALLED_APPS.append("not_there")', "No module named 'not_there'"),
    ],
)
def test_a_project_that_does_not_start_shows_its_own_exception(
    site: Site, check: Run, settings: str, said: str
) -> None:
    site.settings(settings)
    code, reports, err = check("shop")
    assert (code, reports) == (2, [])
    assert said in err
    if "exit code" not in said and "not_there" not in said:
        assert "site_settings.py" in err


def test_variables_and_settings_of_the_project_are_those_of_the_caller(
    site: Site, check: Run, monkeypatch: pytest.MonkeyPatch, run_command: Run
) -> None:
    site.settings('os.environ["SHOP_TOKEN"]')
    monkeypatch.setenv("SHOP_TOKEN", "there")
    assert check("shop")[0] == 0  # and DJANGO_SETTINGS_MODULE of this process is not the project's


def test_other_settings_of_the_project_are_not_taken_for_those_of_the_service(site: Site) -> None:
    (site.folder / "other_settings.py").write_text('from site_settings import *\nINSTALLED_APPS = ["shop"]\n')
    command = [sys.executable, str(ROOT / "manage.py"), "schemacheck", "--django", str(site.manage)]
    command += ["--python", sys.executable, "--settings", "other_settings", "nope"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "Known are: shop." in done.stderr) == (2, True), done.stderr


def test_a_project_that_waits_for_ever_is_ended(site: Site, check: Run) -> None:
    site.settings("import threading; threading.Event().wait()")
    code, _, err = check("shop", "--time-limit", "1")
    assert (code, "took more than 1 s to load and was ended" in err) == (2, True)


def test_an_import_that_opens_a_connection_does_not_wait_for_it_for_ever(site: Site, check: Run) -> None:
    path = site.migration(
        "0002_more",
        MORE,
        after="0001_initial",
        head="""
        import socket
        assert socket.getdefaulttimeout() is not None
        socket.create_connection(("127.0.0.1", 1))
        """,
    )
    code, reports, _ = check("shop", "0002")
    assert code == 1
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "create_connection" in text)
    assert ("migration-unreadable", line) in {(rule, at) for _, rule, at in found_by_path(reports)}


def found_by_path(reports: list[dict[str, Any]]) -> set[tuple[str, str, int]]:
    return {(report["path"], finding["rule"], finding["line"]) for report in reports for finding in report["errors"]}


def test_two_last_migrations_are_an_error_in_both_files_and_so_is_what_cannot_run(site: Site, check: Run) -> None:
    site.migration("0002_more", MORE, after="0001_initial")
    site.migration("0002_other", 'migrations.RemoveField("order", "note"),', after="0001_initial")
    code, reports, _ = check("shop")
    assert code == 1
    assert ("0002_other.py", "migration-unreadable", 6) in {  # both remove `note`: the second finds none
        (Path(path).name, rule, line) for path, rule, line in found_by_path(reports)
    }
    files = {Path(path).name for path, rule, _ in found_by_path(reports) if rule == "migration-conflict"}
    assert files == {"0002_more.py", "0002_other.py"}


def test_files_are_checked_and_one_that_holds_no_migration_is_an_error(site: Site, check: Run) -> None:
    path = site.migration("0002_more", MORE, after="0001_initial")
    code, reports, _ = check(str(path))
    assert (code, [report["migration"] for report in reports]) == (0, ["shop.0002_more"])
    code, reports, err = check(str(path), str(site.folder / "shop" / "models.py"), str(site.folder / "gone.py"))
    assert code == 2
    assert "models.py holds no migration" in err
    assert "gone.py is not there" in err


def test_only_what_changed_since_a_revision_is_checked(site: Site, check: Run) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *identity, *words], cwd=site.folder, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    site.migration("0002_more", MORE, after="0001_initial")
    _, reports, _ = check("--changed-since", "HEAD")
    assert [report["migration"] for report in reports] == ["shop.0002_more"]
    code, _, err = check("--changed-since", "nowhere")
    assert (code, "git cannot say what changed" in err) == (2, True)


def test_a_comment_switches_a_rule_off_and_both_directions_are_written(site: Site, check: Run, tmp_path: Path) -> None:
    site.migration(
        "0002_more",
        """
        # schemacheck: ignore drop-column nobody has read it since the spring
        migrations.RemoveField("order", "note"),
        """,
        after="0001_initial",
    )
    _, (report,), _ = check("shop", "0002", "--sql", str(tmp_path / "sql"))
    assert "drop-column" not in rules([report])
    assert report["ignored"][0]["reason"] == "nobody has read it since the spring"
    assert "DROP COLUMN" in (tmp_path / "sql" / "shop.0002_more.forwards.sql").read_text()
    assert "ADD COLUMN" in (tmp_path / "sql" / "shop.0002_more.backwards.sql").read_text()


@pytest.mark.parametrize(
    ("manage", "python", "said"),
    [
        ("nowhere/manage.py", None, "There is no manage.py at nowhere/manage.py"),
        (None, "/nowhere/python", "There is no Python at /nowhere/python"),
        ("site_settings.py", None, "ended without running a command of Django"),
    ],
)
def test_a_project_or_a_python_that_is_not_there_ends_with_2(
    site: Site, run_command: Run, monkeypatch: pytest.MonkeyPatch, manage: str | None, python: str | None, said: str
) -> None:
    monkeypatch.chdir(site.folder)
    code, _, err = run_command("schemacheck", "--django", manage or "manage.py", "--python", python or sys.executable)
    assert (code, said in err) == (2, True), err


def test_the_python_of_an_environment_beside_the_project_is_taken(
    site: Site, run_command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site.folder / ".venv" / "bin").mkdir(parents=True)
    (site.folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    _, _, err = run_command("schemacheck", "--django", str(site.manage), "shop")
    assert str(site.folder / ".venv" / "bin" / "python") in err


def test_an_environment_of_a_folder_above_is_taken_in_the_same_repository_only(tmp_path: Path) -> None:
    site = tmp_path / "repository" / "site"
    site.mkdir(parents=True)
    python = tmp_path / "repository" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    shell = {"PATH": str(Path(sys.executable).parent)}
    assert find_python(None, site, shell) != python
    (tmp_path / "repository" / ".git").mkdir()
    assert find_python(None, site, shell) == python


def test_the_path_and_the_settings_that_the_caller_exports_are_the_project_s(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = site.folder / "beside"
    beside.mkdir()
    (beside / "needed.py").write_text("")
    (beside / "exported_settings.py").write_text("import needed\nfrom site_settings import *\n")
    (site.folder / "manage.py").write_text(MANAGE.replace('"site_settings"', '"no_settings"'))
    command = [sys.executable, str(ROOT / "manage.py"), "schemacheck", "--django", str(site.manage), "shop"]
    exported = {"DJANGO_SETTINGS_MODULE": "exported_settings", "PYTHONPATH": str(beside)}
    done = subprocess.run(
        [*command, "--python", sys.executable],
        env={**os.environ, **exported},
        cwd=site.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "1 checked" in done.stderr) == (0, True), done.stderr


def test_a_migration_that_is_in_no_transaction_is_in_none_whatever_the_policy_says(site: Site, check: Run) -> None:
    index = 'migrations.RunSQL("CREATE INDEX CONCURRENTLY later ON shop_order (note)", migrations.RunSQL.noop),'
    path = site.migration("0002_index", index, after="0001_initial")
    path.write_text(path.read_text().replace("    operations", "    atomic = False\n    operations"))
    code, reports, _ = check("shop", "0002", "--assume-in-transaction")
    assert (code, "concurrently-in-transaction" in rules(reports)) == (0, False)


def test_thousands_of_migrations_are_read_and_the_last_is_judged(site: Site, check: Run) -> None:
    before = "0001_initial"
    for number in range(2, 1_501):
        name = f"{number:04}_more"
        site.migration(name, f'migrations.AlterModelOptions("order", {{"verbose_name": "{number}"}}),', after=before)
        before = name
    site.migration("1501_last", MORE, after=before)
    code, reports, _ = check("shop", "1501")
    assert (code, "type-change-rewrites" in rules(reports)) == (0, True)
