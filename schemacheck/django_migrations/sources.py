"""The Python of migrations: where an operation stands in its file, and what its functions do."""

import ast
import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from django.db.migrations import Migration
from django.db.models.base import ModelBase


@dataclass(frozen=True, slots=True)
class Place:
    """A line and column of a file, from 1."""

    line: int
    column: int


START = Place(1, 1)


@dataclass
class Source:
    """The file of a migration."""

    path: Path
    text: str
    module: ModuleType | None = None
    places: list[Place] = field(default_factory=list)

    @cached_property
    def tree(self) -> ast.Module:
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError):
            return ast.Module(body=[], type_ignores=[])

    @cached_property
    def _body(self) -> list[ast.stmt]:
        found = [node for node in self.tree.body if isinstance(node, ast.ClassDef) and node.name == "Migration"]
        return found[-1].body if found else []

    @cached_property
    def class_place(self) -> Place:
        """Where the class Migration begins."""
        nodes = [node for node in self.tree.body if isinstance(node, ast.ClassDef) and node.name == "Migration"]
        return place(nodes[-1]) if nodes else START

    def attribute(self, name: str) -> ast.expr | None:
        """The value given to an attribute of the migration."""
        for node in self._body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            value = getattr(node, "value", None)
            if any(isinstance(target, ast.Name) and target.id == name for target in targets) and value is not None:
                return value  # type: ignore[no-any-return]
        return None

    def attribute_place(self, name: str) -> Place:
        """Where an attribute is given; the class itself if it is not written there."""
        value = self.attribute(name)
        return place(value) if value is not None else self.class_place

    def written_operations(self) -> list[ast.expr]:
        """The expressions in the list of operations, as far as it is one."""
        value = self.attribute("operations")
        return list(value.elts) if isinstance(value, (ast.List, ast.Tuple)) else []

    def operation_nodes(self, count: int) -> list[ast.expr | None]:
        """The expression of each operation; None where the list is put together in a way that cannot be read."""
        written = self.written_operations()
        return [*written] if len(written) == count else [None] * count


def place(node: ast.AST) -> Place:
    """Where a node begins, in characters."""
    return Place(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)


def source_of(migration: Migration) -> Source:
    """The file a migration is written in."""
    module = sys.modules.get(type(migration).__module__)
    path = Path(getattr(module, "__file__", None) or f"{migration.app_label}/{migration.name}.py")
    return read_source(path, module)


def read_source(path: Path, module: ModuleType | None = None) -> Source:
    """A file; empty where it cannot be read (a migration may come from a zip)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = ""
    return Source(path=shown_path(path), text=text, module=module)


def shown_path(path: Path) -> Path:
    """As short as a person at the checkout would say it."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except (ValueError, OSError):
        return path


@dataclass(frozen=True, slots=True)
class Called:
    """A function a RunPython calls, in its own module."""

    function: FunctionType
    tree: ast.AST
    offset: int  # lines before it in its file

    def place(self, node: ast.AST) -> Place:
        """Where a node of the function stands in its file."""
        found = place(node)
        return Place(found.line + self.offset, found.column)


def called_functions(function: Any, module: ModuleType | None) -> Iterator[Called]:
    """A function and those of the same module it calls."""
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
        yield Called(current, tree, start - 1)
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        waiting += [current.__globals__.get(called.id) for called in calls if isinstance(called, ast.Name)]


def real_models(called: Called) -> Iterator[tuple[ast.AST, str]]:
    """Models a function takes from the code instead of from `apps`, and where."""
    names = called.function.__globals__
    for node in ast.walk(called.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and _is_model(names.get(node.id)):
            yield node, node.id
        elif isinstance(node, ast.Attribute) and _is_model(_resolve(node, names)):
            yield node, ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            module = _imported(node, names.get("__package__") or "")
            for alias in node.names:
                if _is_model(getattr(module, alias.name, None)):
                    yield node, alias.name


def formatted_sql(tree: ast.AST) -> Iterator[ast.expr]:
    """SQL put together from values: f-strings, `%`, `+` and `.format` where only SQL is expected."""
    safe = _constants(tree)
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in ("execute", "executemany", "raw", "RunSQL", "RawSQL") and _is_formatted(call.args[0], safe):
            yield call.args[0]
        for keyword in call.keywords if name == "RunSQL" else ():
            if keyword.arg in ("sql", "reverse_sql") and _is_formatted(keyword.value, safe):
                yield keyword.value
        if name == "RunSQL" and len(call.args) > 1 and _is_formatted(call.args[1], safe):
            yield call.args[1]


def _constants(tree: ast.AST) -> frozenset[str]:
    """Names whose every value stands in the file."""
    values: dict[str, list[ast.expr]] = {}
    foreign: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]):
                values.setdefault(name, []).append(node.value)
            case ast.arg():
                foreign.add(node.arg)
            case ast.For() | ast.withitem() | ast.NamedExpr() | ast.AugAssign() | ast.AnnAssign():
                target = node.optional_vars if isinstance(node, ast.withitem) else node.target
                foreign |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)} if target else set()
    safe: frozenset[str] = frozenset()
    while True:
        found = frozenset(
            name
            for name, given in values.items()
            if name not in foreign and all(_is_quoted(value, safe) for value in given)
        )
        if found == safe:
            return safe
        safe = found


def _is_formatted(node: ast.expr, safe: frozenset[str]) -> bool:
    match node:
        case ast.JoinedStr():
            held = [value for value in node.values if isinstance(value, ast.FormattedValue)]
            return not all(_is_quoted(value.value, safe) for value in held)
        case ast.BinOp(op=ast.Mod()):
            return isinstance(node.left, (ast.Constant, ast.JoinedStr, ast.BinOp)) and not _is_quoted(node.right, safe)
        case ast.BinOp(op=ast.Add()):
            parts = list(_summands(node))
            is_text = any(isinstance(part, ast.JoinedStr) or _is_string(part) for part in parts)
            return is_text and any(
                _is_formatted(part, safe) if isinstance(part, ast.JoinedStr) else not _is_quoted(part, safe)
                for part in parts
            )
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant())):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            return not all(_is_quoted(value, safe) for value in given)
        case ast.List() | ast.Tuple():
            return any(_is_formatted(item, safe) for item in node.elts)
    return False


def _is_quoted(node: ast.expr, safe: frozenset[str]) -> bool:
    """Whether a value stands in the file, or went through a function that quotes names."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("quote_name", "quote_value", "quote", "Identifier", "Literal"):
            return True
    if isinstance(node, ast.Attribute):
        return node.attr in ("db_table", "column")  # of a model: Django's own
    loops = [part.target for part in ast.walk(node) if isinstance(part, ast.comprehension)]
    bound = {part.id for target in loops for part in ast.walk(target) if isinstance(part, ast.Name)}
    parts = list(ast.walk(node))
    if any(isinstance(part, (ast.Attribute, ast.Call)) and not _is_join(part) for part in parts):
        return False
    return all(part.id in safe or part.id in bound for part in parts if isinstance(part, ast.Name))


def _is_join(node: ast.AST) -> bool:
    """`" OR ".join(...)`: no more than what it joins."""
    if isinstance(node, ast.Attribute):
        return node.attr == "join" and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_join(node.func)


def _summands(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _summands(node.left)
        yield from _summands(node.right)
    else:
        yield node


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


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


def _imported(node: ast.ImportFrom, package: str) -> ModuleType | None:
    try:
        return import_module("." * node.level + (node.module or ""), package if node.level else None)
    except (ImportError, TypeError, ValueError):
        return None
