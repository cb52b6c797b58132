"""What the functions of a RunPython take from today's code instead of from the migration's own state."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any, Iterator

from django.db.migrations import RunPython
from django.db.models.base import ModelBase

from .sources import place


def direct_imports(operations: list[Any], module: Any) -> list[tuple[int, int, str]]:
    """Line, column and name of each real model in the functions of these operations."""
    found: dict[tuple[int, int], str] = {}
    for operation in operations:
        if isinstance(operation, RunPython):
            for function in (operation.code, operation.reverse_code):
                for called, tree, before in _called(function, module):
                    for node, name in _real_models(called, tree):
                        line, column = place(node)
                        found.setdefault((line + before, column), name)
    return [(line, column, name) for (line, column), name in found.items()]


def _called(function: Any, module: Any) -> Iterator[tuple[FunctionType, ast.AST, int]]:
    """A function and those of the same module it calls, each with its tree and the lines before it."""
    waiting, seen = [function], set()
    while waiting:
        current = waiting.pop()
        if not isinstance(current, FunctionType) or current in seen or module is None:
            continue
        if current.__module__ != module.__name__:
            continue
        seen.add(current)
        try:
            lines, start = inspect.getsourcelines(current)
            tree = ast.parse(inspect.cleandoc("\n" + "".join(lines)) if lines[0][:1].isspace() else "".join(lines))
        except (OSError, TypeError, SyntaxError):
            continue
        yield current, tree, start - 1
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        waiting += [current.__globals__.get(called.id) for called in calls if isinstance(called, ast.Name)]


def _real_models(function: FunctionType, tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    names = function.__globals__
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and _is_model(names.get(node.id)):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and _is_model(_resolve(node, names)):
            yield node, _dotted(node)
        elif isinstance(node, ast.ImportFrom):
            module = _imported(node, names.get("__package__") or "")
            for alias in node.names:
                if _is_model(getattr(module, alias.name, None)):
                    yield node, alias.name


def _is_model(value: Any) -> bool:
    return isinstance(value, ModelBase) and value.__module__ != "__fake__"


def _resolve(node: ast.Attribute, names: dict[str, Any]) -> Any:
    """What a dotted name stands for, followed through modules only: nothing else is run."""
    if isinstance(node.value, ast.Name):
        holder = names.get(node.value.id)
    elif isinstance(node.value, ast.Attribute):
        holder = _resolve(node.value, names)
    else:
        return None
    return vars(holder).get(node.attr) if isinstance(holder, ModuleType) else None


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _imported(node: ast.ImportFrom, package: str) -> ModuleType | None:
    try:
        return import_module("." * node.level + (node.module or ""), package if node.level else None)
    except (ImportError, TypeError, ValueError):
        return None
