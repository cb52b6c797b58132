"""Tools that tell direction and order by the names of files: golang-migrate, sqlx, Flyway, Prisma, Drizzle, Supabase,
Atlas."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from schemacheck.projects.folders.migration import Found, Migration, Part, Transaction, filled, numbers

_PAIRED = re.compile(r"(\d+)_(.*?)\.(up|down)\.sql\Z")
_NUMBERED = re.compile(r"(\d+)[_-]?(.*)\.sql\Z")
_FLYWAY = re.compile(r"([VUB])(\d[\d._]*)__(.*)\.sql\Z|(R)__(.*)\.sql\Z")
_PRISMA = re.compile(r"(\d{14})_?.*\Z")
_SQLX_ALONE = re.compile(r"\A--[ \t]*no-transaction\b")
_ATLAS_MODE = re.compile(r"^--[ \t]*atlas:txmode[ \t]+none\b", re.MULTILINE)
_BREAKPOINT = re.compile(r"--> statement-breakpoint")
_FLYWAY_ALONE = re.compile(
    r"^[^'\n]*?\b(create\s+(unique\s+)?index\s+concurrently|drop\s+index\s+concurrently|reindex\b.*\bconcurrently|vacuum|"
    r"create\s+(database|tablespace|subscription)|alter\s+system)\b",
    re.MULTILINE | re.IGNORECASE,
)
_NO_VERSION = "its name has no version, so its tool does not run it"


def is_flyway(texts: Mapping[Path, str]) -> bool:
    return any(match[1] == "V" for path in texts if (match := _FLYWAY.match(path.name)))


def is_paired(texts: Mapping[Path, str]) -> bool:
    return any(_PAIRED.match(path.name) for path in texts)


def is_sqlx(texts: Mapping[Path, str]) -> bool:
    """Its files look like golang-migrate's, or like anybody's; the mark or the crate beside them tells."""
    named = is_paired(texts) or any(_NUMBERED.match(path.name) for path in texts)
    if any(_SQLX_ALONE.match(text) for text in texts.values()):
        return named
    folders = {path.parent.parent for path in texts}
    return named and any((folder / "Cargo.toml").is_file() for folder in folders)


def is_prisma(texts: Mapping[Path, str]) -> bool:
    return any(path.name == "migration.sql" and _PRISMA.match(path.parent.name) for path in texts)


def is_drizzle(texts: Mapping[Path, str]) -> bool:
    journals = {path.parent / "meta" / "_journal.json" for path in texts}
    return any(journal.is_file() for journal in journals) or any(map(_BREAKPOINT.search, texts.values()))


def is_supabase(texts: Mapping[Path, str]) -> bool:
    return any(path.resolve().parts[-3:-1] == ("supabase", "migrations") for path in texts)


def is_atlas(texts: Mapping[Path, str]) -> bool:
    return any((path.parent / "atlas.sum").is_file() for path in texts)


def golang_migrate(texts: Mapping[Path, str]) -> Found:
    """A file is sent as one string."""
    return _paired(texts, dict.fromkeys(texts, Transaction.STRING))


def sqlx(texts: Mapping[Path, str]) -> Found:
    """`-- no-transaction` on the first line; the file is still sent as one string."""
    how = {path: Transaction.STRING if _SQLX_ALONE.match(text) else Transaction.WRAPPED for path, text in texts.items()}
    return _paired(texts, how)


def flyway(texts: Mapping[Path, str]) -> Found:
    """A statement that cannot be in a transaction takes its file out of one, as `executeInTransaction=false` does."""
    found, undone = Found(), {}
    for path, text in texts.items():
        if not (match := _FLYWAY.match(path.name)):
            found.strange.append((path, "its name is not V, U, R or B, a version, `__` and a description"))
            continue
        how = Transaction.NONE if _is_flyway_alone(path, text) else Transaction.WRAPPED
        part = Part(path, text, filled(text), how)
        kind, version = match[1] or "R", match[2] or match[5]
        if kind == "U":
            undone[numbers(version)] = part
        elif kind == "R":
            found.migrations.append(Migration(f"R {version}", (1, version), part))
        else:
            found.migrations.append(Migration(version, (0, numbers(version)), part))
    there = {migration.order[1] for migration in found.migrations}
    found.migrations = [
        Migration(item.version, item.order, item.up, undone.get(numbers(item.version)) if item.order[0] == 0 else None)
        for item in found.migrations
    ]
    found.strange += [(part.path, "it undoes what is not there") for key, part in undone.items() if key not in there]
    return found


def prisma(texts: Mapping[Path, str]) -> Found:
    """A folder a migration, sent as one string."""
    found = Found()
    for path, text in texts.items():
        match = _PRISMA.match(path.parent.name)
        if path.name == "migration.sql" and match:
            part = Part(path, text, text, Transaction.STRING)
            found.migrations.append(Migration(path.parent.name, (path.parent.name,), part))
        elif path.name == "migration.sql":
            found.strange.append((path, "its folder has no version, so Prisma does not run it"))
    return found


def drizzle(texts: Mapping[Path, str]) -> Found:
    """`--> statement-breakpoint` stands between statements and is a comment."""
    return _numbered(texts, {})


def supabase(texts: Mapping[Path, str]) -> Found:
    return _numbered(texts, {})


def atlas(texts: Mapping[Path, str]) -> Found:
    """`-- atlas:txmode none` takes a file out of its transaction."""
    alone = {path: Transaction.NONE for path, text in texts.items() if _ATLAS_MODE.search(text)}
    return _numbered(texts, alone)


def _numbered(texts: Mapping[Path, str], how: Mapping[Path, Transaction]) -> Found:
    found = Found()
    for path, text in texts.items():
        if match := _NUMBERED.match(path.name):
            part = Part(path, text, text, how.get(path, Transaction.WRAPPED))
            found.migrations.append(Migration(match[1], (numbers(match[1]), path.name), part))
        else:
            found.strange.append((path, _NO_VERSION))
    return found


def _paired(texts: Mapping[Path, str], how: Mapping[Path, Transaction]) -> Found:
    """Files of one direction each, or of the only one."""
    found = _numbered({path: text for path, text in texts.items() if not _PAIRED.match(path.name)}, how)
    pairs: dict[tuple[str, str], dict[str, Part]] = {}
    for path, match in _matches(texts):
        part = Part(path, texts[path], texts[path], how[path])
        pairs.setdefault((match[1], match[2]), {})[match[3]] = part
    for (version, name), parts in pairs.items():
        migration = Migration(version, (numbers(version), name), parts.get("up"), parts.get("down"))
        found.migrations.append(migration)
        if migration.up is None:
            found.strange.append((parts["down"].path, "it takes back what no file makes: its .up.sql is not there"))
    return found


def _matches(texts: Mapping[Path, str]) -> Iterator[tuple[Path, re.Match[str]]]:
    for path in texts:
        if match := _PAIRED.match(path.name):
            yield path, match


def _is_flyway_alone(path: Path, text: str) -> bool:
    settings = path.with_name(f"{path.name}.conf")
    if settings.is_file():
        said = settings.read_text(encoding="utf-8", errors="replace").replace(" ", "").lower()
        if "executeintransaction=" in said:
            return "executeintransaction=false" in said
    return bool(_FLYWAY_ALONE.search(text))
