"""Files as a person at the checkout would say them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

NOTHING_TYPED: Mapping[str, str] = MappingProxyType({})


def read_text(path: Path, typed: Mapping[str, str] = NOTHING_TYPED) -> str:
    """What it holds, or an editor that has not saved it; empty where it cannot be read."""
    if (text := typed.get(str(path))) is not None:
        return text
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def shown_path(path: Path) -> Path:
    """As short as it can be said from here."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except (ValueError, OSError):
        return path
