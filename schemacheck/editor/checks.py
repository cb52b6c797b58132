"""Judges a text as its editor has it: what the command would say of the file, once it is saved."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import DomainError
from schemacheck import files, histories, other_projects
from schemacheck.checker.checked import Checked
from schemacheck.checker.findings import Proof
from schemacheck.checker.policy import Policy
from schemacheck.checker.validator import validate
from schemacheck.project import find_policy
from schemacheck.projects import collecting
from schemacheck.refusals import translated

SQL_SECONDS = 5.0
PROJECT_SECONDS = 60.0
"""How long a project may take to load; a large one takes ten."""
MOST_CHARS = 1_000_000
_LANGUAGES = frozenset({"sql", "postgres", "pgsql", "plpgsql", "postgresql"})


_running: set[collecting.Collecting] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What whoever starts the server wants; without `projects` no project's code is run."""

    dialect: str | None = None
    python: str | None = None
    projects: bool = True


@dataclass(frozen=True, slots=True)
class Project:
    """Where a migration's project starts, and which collector it takes."""

    collector: str
    start: Path


def is_sql(path: Path, language: str | None) -> bool:
    """Whether a document is SQL, by its name or by what the editor calls it."""
    return path.suffix == ".sql" or (language or "").lower() in _LANGUAGES


def project_of(path: Path, text: str) -> Project | None:
    """The project whose migration a file of Python is, None for any other file."""
    if path.parent.name == "migrations" and "Migration" in text:
        wanted, collector = "manage.py", "django"
    elif "down_revision" in text:
        wanted, collector = "alembic.ini", "alembic"
    else:
        return None
    start = next((folder / wanted for folder in _above(path) if (folder / wanted).is_file()), None)
    return Project(collector, start) if start else None


def check(path: Path, text: str, language: str | None, how: How) -> Checked | None:
    """The report on a document; None for one that is none of ours, or empty. One that cannot be checked says so."""
    project = None if is_sql(path, language) else project_of(path, text) if how.projects else None
    if (project is None and not is_sql(path, language)) or not text.strip():
        return None
    if len(text) > MOST_CHARS:
        return files.not_checked(str(path), f"It has more than {MOST_CHARS:,} characters; `schemacheck` takes it.")
    try:
        policy = find_policy(path.parent)
        return _of_project(project, path, text, policy, how) if project else _of_sql(path, text, policy, how)
    except DomainError as error:
        return files.not_checked(str(path), error.detail, dialect=how.dialect)


@translated()
def _of_sql(path: Path, text: str, policy: Policy, how: How) -> Checked:
    found = histories.of_text(path, text, policy, dialect=how.dialect)
    if found is not None:
        return found
    report = validate(text, dialect=how.dialect or "postgresql", proof=Proof.PARSE, policy=policy, seconds=SQL_SECONDS)
    return files.checked(str(path), text, report.as_dict(), {})


@translated()
def _of_project(project: Project, path: Path, text: str, policy: Policy, how: How) -> Checked | None:
    real = str(path.resolve())
    asked: dict[str, Any] = {"files": [real], "typed": {real: text}}
    asked |= {"manage": str(project.start)} if project.collector == "django" else {"ini": str(project.start)}
    with collecting.start(
        project.collector, asked, project=project.start, python=how.python, seconds=PROJECT_SECONDS
    ) as collector:
        _running.add(collector)
        try:
            answer = collector.answer()
        finally:
            _running.discard(collector)
    if project.collector == "django":
        from schemacheck.projects.django import judging as of_django

        judged: list[Any] = list(of_django.judge(answer, policy=policy, typed={real: text}))
    else:
        from schemacheck.projects.alembic import judging as of_alembic

        judged = list(of_alembic.judge(answer, policy=policy, typed={real: text}))
    return next((item for item in other_projects.told(judged) if str(Path(item.path).resolve()) == real), None)


def end_projects() -> None:
    """End what runs of projects: whoever asked has left."""
    for collector in list(_running):
        collector.end()


def _above(path: Path) -> Iterator[Path]:
    """The folders above a file, up to its repository."""
    for folder in path.resolve().parents:
        yield folder
        if (folder / ".git").exists():
            return
