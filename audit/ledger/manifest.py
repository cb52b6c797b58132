"""A signed statement beside an export: which file, how many events, under which checkpoint."""

import hashlib
from pathlib import Path

from audit.ledger import notes, signing
from audit.models import Checkpoint
from config.errors import DomainError

FORMAT = "handrail-audit-export-1"


def write(*, export: Path, events: int, filters: dict[str, str]) -> Path:
    """Sign the file as it lies there; returns the manifest's path."""
    checkpoint = Checkpoint.objects.first()
    lines = [
        FORMAT,
        f"file {export.name}",
        f"sha256 {_digest(export)}",
        f"events {events}",
        *[f"filter {name} {value}" for name, value in sorted(filters.items())],
        f"checkpoint {checkpoint.size} {checkpoint.root}" if checkpoint else "checkpoint none",
    ]
    note = notes.sign_text("\n".join(lines) + "\n", signing.name(), signing.private_key())
    path = export.with_name(f"{export.name}.manifest")
    path.write_text(note, encoding="utf-8")
    return path


def check(*, manifest: Path, key: str = "") -> list[str]:
    """The manifest's lines, once its signature and its file's hash hold. Raises DomainError otherwise."""
    try:
        text = notes.verify_text(manifest.read_text(encoding="utf-8"), key or signing.public_key())
        lines = text.splitlines()
        facts = dict(line.split(" ", 1) for line in lines[1:])
        found = _digest(manifest.with_name(facts["file"]))
    except (OSError, ValueError, KeyError) as error:
        raise DomainError(f"The manifest cannot be checked: {error}") from error
    if lines[0] != FORMAT or found != facts["sha256"]:
        raise DomainError(f"The file {facts['file']} is not the one that was exported.")
    return lines


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
