"""Tools that write both directions into one file, apart by marks: dbmate and goose."""

import re
from collections.abc import Mapping
from pathlib import Path

from schemacheck.projects.folders.migration import Found, Migration, Part, Transaction, filled, numbers, only, sections

_DBMATE = re.compile(r"^--[ \t]*migrate:(up|down)\b(.*)$", re.MULTILINE)
_GOOSE = re.compile(r"^--[ \t]*\+goose[ \t]+(up|down)\b.*$", re.MULTILINE | re.IGNORECASE)
_NO_TRANSACTION = re.compile(r"^--[ \t]*\+goose[ \t]+no[ \t]+transaction\b", re.MULTILINE | re.IGNORECASE)
_SUBSTITUTED = re.compile(r"^--[ \t]*\+goose[ \t]+envsub[ \t]+on\b", re.MULTILINE | re.IGNORECASE)
_VERSION = re.compile(r"\d+")


def is_dbmate(texts: Mapping[Path, str]) -> bool:
    return any(_DBMATE.search(text) for text in texts.values())


def is_goose(texts: Mapping[Path, str]) -> bool:
    return any(_GOOSE.search(text) for text in texts.values())


def dbmate(texts: Mapping[Path, str]) -> Found:
    """`transaction:false` on a mark; the part is still sent as one string."""
    found = Found()
    for path, text in texts.items():
        parts = {}
        for mark, span in sections(_DBMATE, text):
            alone = "transaction:false" in mark[2]
            how = Transaction.STRING if alone else Transaction.WRAPPED
            parts[mark[1]] = Part(path, text, only(text, [span]), how)
        _add(found, path, parts, "-- migrate:up")
    return found


def goose(texts: Mapping[Path, str]) -> Found:
    """`NO TRANSACTION` anywhere in the file is for both directions; each statement is sent alone."""
    found = Found()
    for path, text in texts.items():
        how = Transaction.NONE if _NO_TRANSACTION.search(text) else Transaction.WRAPPED
        fill = filled if _SUBSTITUTED.search(text) else str
        parts = {
            mark[1].lower(): Part(path, text, fill(only(text, [span])), how) for mark, span in sections(_GOOSE, text)
        }
        _add(found, path, parts, "-- +goose Up")
    return found


def _add(found: Found, path: Path, parts: Mapping[str, Part], first: str) -> None:
    version = _VERSION.match(path.name)
    if version is None:
        found.strange.append((path, "its name does not begin with a version, so its tool does not run it"))
    elif "up" not in parts:
        found.strange.append((path, f"it has no line `{first}`, so its tool cannot run it"))
    else:
        order = (numbers(version[0]), path.name)
        found.migrations.append(Migration(version[0], order, parts["up"], parts.get("down")))
