"""Stands in for PostgreSQL's driver where the project has none: Django's backend imports one to write SQL with."""

from __future__ import annotations

import sys
import types
from typing import Any

_PARTS = ("extensions", "extras", "errorcodes", "sql", "errors")
_CALLS = ("register_adapter", "new_type", "new_array_type", "register_type", "register_uuid", "adapt")
_LEVELS = ("AUTOCOMMIT", "READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE", "READ_UNCOMMITTED")


class _Named(type):
    """A class whose every attribute is another such class."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _named(name)


def _named(name: str) -> Any:
    def keep(self: Any, *given: Any, **named: Any) -> None:
        self.adapted = given[0] if given else None  # Json(...) of a default: its value is asked for later

    return _Named(name, (Exception,), {"__init__": keep})


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _named(name)


def provide() -> None:
    """Give Django a driver that cannot connect, where there is none."""
    for name in ("psycopg", "psycopg2"):
        try:
            __import__(name)
        except ImportError:
            continue
        return
    for name in ("psycopg2", *(f"psycopg2.{part}" for part in _PARTS)):
        module: Any = _Module(name)
        module.__path__ = []
        module.__version__ = "2.9.9 (none)"
        module.encodings = {"UTF8": "utf_8"}
        for call in _CALLS:
            setattr(module, call, lambda *given, **named: None)
        sys.modules[name] = module
    extensions: Any = sys.modules["psycopg2.extensions"]
    for number, level in enumerate(_LEVELS):  # Django 4.2 and later makes an IntEnum of them
        setattr(extensions, "ISOLATION_LEVEL_" + level, number)
    for part in _PARTS:
        setattr(sys.modules["psycopg2"], part, sys.modules[f"psycopg2.{part}"])
