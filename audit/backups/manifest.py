"""The signed statement beside a backup: what the file is, and what a database restored from it must hold."""

import hashlib
import platform
from dataclasses import dataclass
from pathlib import Path

import django

from audit.ledger import notes, signing
from config.errors import DomainError, NotFound
from config.home import PROGRAM

FORMAT = "handrail-backup-1"


class BadBackup(DomainError):
    """The file is not the backup its manifest describes, or not one for this place."""

    status = 409
    code = "bad-backup"
    remedy = f"try the file with `{PROGRAM} backup verify`, or restore another one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a database holds, read in one snapshot."""

    counts: dict[str, int]
    """Rows by table."""
    ledger_size: int
    ledger_root: str
    checkpoint: str
    """Size and root of its newest signed checkpoint."""
    migrations: tuple[str, ...]
    server: str

    def differences(self, found: "Facts") -> list[str]:
        """What is not in `found` as it is here."""
        wrong = [
            f"Table {table} has {found.counts.get(table, 'no')} rows instead of {self.counts.get(table, 'no')}."
            for table in sorted(self.counts.keys() | found.counts.keys())
            if self.counts.get(table) != found.counts.get(table)
        ]
        if (self.ledger_size, self.ledger_root) != (found.ledger_size, found.ledger_root):
            wrong.append(f"The ledger has another root: {found.ledger_size} leaves instead of {self.ledger_size}.")
        if self.migrations != found.migrations:
            wrong.append("Other migrations are applied in it than the manifest says.")
        return wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is known of one backup file."""

    uid: str
    kind: str
    file: str
    sha256: str
    size: int
    started: str
    completed: str
    database: str
    """sqlite or postgresql."""
    facts: Facts


def beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest")


def write(manifest: Manifest, path: Path) -> None:
    """Sign the manifest into a file."""
    facts = manifest.facts
    lines = [
        FORMAT,
        *(f"{name} {getattr(manifest, name)}" for name in ("uid", "kind", "file", "sha256", "size")),
        *(f"{name} {getattr(manifest, name)}" for name in ("started", "completed", "database")),
        f"versions {facts.server}, Django {django.__version__}, Python {platform.python_version()}",
        f"ledger {facts.ledger_size} {facts.ledger_root or '-'}",
        f"checkpoint {facts.checkpoint}",
        *(f"rows {table} {count}" for table, count in sorted(facts.counts.items())),
        *(f"migration {name}" for name in facts.migrations),
    ]
    path.write_text(notes.sign_text("\n".join(lines) + "\n", signing.name(), signing.private_key()), encoding="utf-8")


def read(path: Path, key: str = "") -> Manifest:
    """The manifest of a backup file, its signature checked. Raises NotFound, BadBackup."""
    if not path.is_file():
        raise NotFound(f"There is no backup {path}. Name a file that `{PROGRAM} backup create` made.")
    try:
        signed = beside(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadBackup(f"{path.name} has no manifest: it must lie beside it as {beside(path).name}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadBackup(f"{beside(path).name} cannot be read: {error}.") from error
    try:
        text = notes.verify_text(signed, key or signing.public_key())
    except notes.BadNote as error:
        hint = "If another installation made it, give that one's public key (`audit prove --key` there) as --key."
        raise BadBackup(f"The manifest of {path.name} does not hold: {error} {hint}") from error
    try:
        return _parse(text)
    except (KeyError, ValueError) as error:
        raise BadBackup(f"The manifest of {path.name} is of another format than {FORMAT}.") from error


def _parse(text: str) -> Manifest:
    first, *lines = text.splitlines()
    if first != FORMAT:
        raise ValueError(first)
    counts, migrations, facts = {}, [], {}
    for line in lines:
        name, _, value = line.partition(" ")
        match name:
            case "rows":
                table, _, count = value.rpartition(" ")
                counts[table] = int(count)
            case "migration":
                migrations.append(value)
            case _:
                facts[name] = value
    size, _, root = facts["ledger"].partition(" ")
    return Manifest(
        **{name: facts[name] for name in ("uid", "kind", "file", "sha256", "started", "completed", "database")},
        size=int(facts["size"]),
        facts=Facts(
            counts=counts,
            ledger_size=int(size),
            ledger_root=root.strip("-"),
            checkpoint=facts["checkpoint"],
            migrations=tuple(migrations),
            server=facts["versions"],
        ),
    )


def check_file(path: Path, manifest: Manifest) -> None:
    """Raises BadBackup unless the file is, byte for byte, the one that was signed."""
    if path.stat().st_size != manifest.size or digest(path) != manifest.sha256:
        raise BadBackup(f"{path.name} is not the file that was backed up: it was cut short or altered.")


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
