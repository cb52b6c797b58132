"""Small Django projects of their own, written for a test and run as a person runs them: `python manage.py ...`."""

import importlib
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections
from django.test import override_settings

ROOT = Path(__file__).parents[2]
_SETTINGS = """
import os
from pathlib import Path
os.environ.setdefault("DATA_DIR", str(Path(__file__).parent / "data"))
from tests.settings import *
INSTALLED_APPS = [*INSTALLED_APPS, "{package}.apps.Shop"]
DATABASES = {database!r}
SCHEMACHECK_GUARD_MIGRATE = os.environ.get("SCHEMACHECK_GUARD_MIGRATE", "off")
"""
_CONFIG = """
from django.apps import AppConfig


class Shop(AppConfig):
    name = "{package}"
    label = "shop"
"""
_MIGRATION = """
from django.db import migrations, models
import django.db.models.deletion
{head}

class Migration(migrations.Migration):
{attributes}    dependencies = {dependencies!r}
    operations = [
{operations}
    ]
"""


@dataclass
class Project:
    """A project with one app, `shop`."""

    folder: Path
    database: dict[str, Any]
    env: dict[str, str] = field(default_factory=dict)
    package: str = "shop"
    run: Any = None  # runs a command in this process; without it each is a process of its own

    def __post_init__(self) -> None:
        package = self.folder / self.package / "migrations"
        package.mkdir(parents=True)
        for path in (self.folder / self.package, package):
            (path / "__init__.py").touch()
        (self.folder / "site_settings.py").write_text(
            _SETTINGS.format(database={"default": self.database, "site": self.database}, package=self.package)
        )
        (self.folder / self.package / "apps.py").write_text(_CONFIG.format(package=self.package))
        (self.folder / self.package / "models.py").write_text(MODELS)

    def migration(
        self,
        name: str,
        operations: str,
        *,
        head: str = "",
        atomic: bool = True,
        after: str | list[Any] | None = None,
    ) -> Path:
        """Write a migration; its operations begin on lines the test can count."""
        path = self.folder / self.package / "migrations" / f"{name}.py"
        before = after if isinstance(after, list) else [("shop", after)] if after else []
        path.write_text(
            _MIGRATION.format(
                head=textwrap.dedent(head).strip("\n").replace("from shop.", f"from {self.package}."),
                attributes="" if atomic else "    atomic = False\n",
                dependencies=before,
                operations=textwrap.indent(textwrap.dedent(operations).strip("\n"), " " * 8),
            ).lstrip("\n")
        )
        return path

    def line_of(self, name: str, text: str) -> int:
        """The line of a migration on which a text stands first."""
        lines = (self.folder / self.package / "migrations" / f"{name}.py").read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def manage(self, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py` in the project."""
        known = {key: value for key, value in os.environ.items() if key not in ("DATA_DIR", "DATABASE_URL")}
        known |= {"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": f"{self.folder}{os.pathsep}{ROOT}"}
        return subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=self.folder,
            env={**known, **self.env, **env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def command(self, *arguments: str) -> Any:
        """Run a command of `manage.py`, in this process if it can be."""
        if self.run is None:
            return self.manage(*arguments)
        for name in [name for name in sys.modules if name.startswith(f"{self.package}.migrations.")]:
            del sys.modules[name]  # a test may have written the file anew
        importlib.invalidate_caches()
        code, out, err = self.run(*arguments, database="site")
        return subprocess.CompletedProcess(arguments, code, out, err)

    def check(self, *arguments: str) -> "Answer":
        """`schemacheck --migrations`, as JSON."""
        done = self.command("schemacheck", "--format", "json", "--migrations", *arguments)
        assert done.returncode in (0, 1), done.stderr
        told = json.loads(done.stdout) if done.stdout.strip() else []
        return Answer(done.returncode, told if isinstance(told, list) else [told], done.stderr)


@dataclass
class Answer:
    """What the command said."""

    code: int
    reports: list[dict[str, Any]]
    stderr: str

    def found(self) -> list[tuple[str, str, int]]:
        """File, rule and line of every finding."""
        return [
            (Path(report["path"]).stem, finding["rule"], finding["line"])
            for report in self.reports
            for kind in ("errors", "warnings", "suggestions")
            for finding in report[kind]
        ]

    def rules(self) -> set[str]:
        return {rule for _, rule, _ in self.found()}


MODELS = """
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=40)


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE)
    note = models.TextField(null=True)
    total = models.IntegerField(null=True)
"""
INITIAL = """
migrations.CreateModel("Customer", [
    ("id", models.BigAutoField(primary_key=True)),
    ("name", models.CharField(max_length=40)),
]),
migrations.CreateModel("Order", [
    ("id", models.BigAutoField(primary_key=True)),
    ("customer", models.ForeignKey("shop.customer", django.db.models.deletion.CASCADE)),
    ("note", models.TextField(null=True)),
    ("total", models.IntegerField(null=True)),
]),
"""


@contextmanager
def in_process(project: Project, run: Any) -> Iterator[Project]:
    """Install the project's app in this process, and its database beside the test's own as `site`."""
    sys.path.insert(0, str(project.folder))
    connections.settings["site"] = {**connections.settings["default"], "OPTIONS": {}, **project.database}
    connections["site"].connect()  # Django's test case would refuse to open it later
    project.run = run
    try:
        installed = [*settings.INSTALLED_APPS, f"{project.package}.apps.Shop"]
        with override_settings(INSTALLED_APPS=installed, SETTINGS_MODULE="site_settings"):  # the latter for a trial
            yield project
    finally:
        connections["site"].close()
        del connections["site"], connections.settings["site"]
        sys.path.remove(str(project.folder))
        apps.all_models.pop("shop", None)
        apps.clear_cache()
        for name in [name for name in sys.modules if name.split(".")[0] == project.package]:
            del sys.modules[name]
