"""The file of a migration: where its operations stand, and what its comments say.

It is read by the Python the project runs under, whose syntax may be newer than ours.
"""

from __future__ import annotations

import ast
import os
import sys
from typing import Any, Iterator

from ..files import comments_to_us, read_text

START = (1, 1)


class Source:
    """A file of Python with a class Migration."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.text = read_text(path)
        try:
            self.tree = ast.parse(self.text)
        except (SyntaxError, ValueError):
            self.tree = ast.Module(body=[], type_ignores=[])
        classes = [node for node in self.tree.body if isinstance(node, ast.ClassDef) and node.name == "Migration"]
        self.migration = classes[-1] if classes else None

    @property
    def class_place(self) -> tuple[int, int]:
        """Where the class Migration begins."""
        return place(self.migration) if self.migration else START

    def attribute_place(self, name: str) -> tuple[int, int]:
        """Where an attribute is given; the class itself if it is not written there."""
        value = self._attribute(name)
        return place(value) if value is not None else self.class_place

    def written_operations(self) -> list[ast.expr]:
        """The expressions in the list of operations, as far as it is one."""
        value = self._attribute("operations")
        return list(value.elts) if isinstance(value, (ast.List, ast.Tuple)) else []

    def comments(self) -> list[tuple[int, int, str]]:
        """Line, column and text of each comment that speaks to us."""
        return comments_to_us(self.text)

    def as_dict(self) -> dict[str, Any]:
        """What judging needs of it."""
        return {
            "path": self.path,
            "operations_place": self.attribute_place("operations"),
            "atomic_place": self.attribute_place("atomic"),
            "written": [(node.lineno, node.col_offset + 1, _end(node)) for node in self.written_operations()],
            "comments": self.comments(),
        }

    def _attribute(self, name: str) -> ast.expr | None:
        for node in self.migration.body if self.migration else ():
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value: ast.expr | None = getattr(node, "value", None)
            if value is not None and any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return value
        return None


def source_of(migration: Any) -> Source:
    """The file a migration is written in."""
    return Source(file_of(migration))


def file_of(migration: Any) -> str:
    """Its path, with links followed."""
    module = sys.modules.get(type(migration).__module__)
    path = getattr(module, "__file__", None) or f"{migration.app_label}/{migration.name}.py"
    return os.path.realpath(path)


def place(node: Any) -> tuple[int, int]:
    """Where a node begins, from 1 and in characters."""
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1


def walk_names(node: ast.AST) -> Iterator[str]:
    """The names in it."""
    return (part.id for part in ast.walk(node) if isinstance(part, ast.Name))


def _end(node: Any) -> int:
    return int(node.end_lineno or node.lineno)
