"""Code in an argument that only computes and says something: `python -c "print(1 + 1)"`. Anything else is in doubt."""

import builtins
import re

_SAFE_CALLS = frozenset(
    (
        "print",
        "len",
        "sum",
        "min",
        "max",
        "sorted",
        "range",
        "str",
        "int",
        "float",
        "repr",
        "abs",
        "round",
        "list",
        "set",
    )
)
_SAFE_ATTRIBUTES = {
    "json": frozenset(("dumps", "loads", "load")),
    "math": frozenset(("pi", "e", "sqrt", "log", "log2", "log10", "floor", "ceil", "pow", "gcd", "factorial")),
    "sys": frozenset(("version", "version_info", "path", "executable", "platform", "maxsize", "stdin")),
    "platform": frozenset(("python_version", "platform", "machine", "system")),
    "time": frozenset(("time", "time_ns")),
}
_BUILTIN = dir(builtins)
_BUILT_IN = frozenset({"sys", "time"})
"""Modules that no file of the working folder can stand in for."""
_SAYS = {
    **dict.fromkeys(("node", "nodejs"), r"console\.log\({text}\);?"),
    **dict.fromkeys(("perl", "ruby", "lua", "luajit"), r"(?:print|puts|say)[ (]{text}\)?;?"),
}
_TEXT = r"""(?:"[^"\\$@#`{}]*"|'[^'\\]*'|[\d\s+*.-]+)"""


_METHODS = frozenset(("get", "items", "keys", "values", "join", "split", "strip", "lower", "upper", "startswith"))


_HARMLESS = """
    Module Expr Constant Load Store Tuple List Dict BinOp operator Compare cmpop UnaryOp unaryop BoolOp boolop IfExp If
    For Assign Subscript Slice ListComp GeneratorExp comprehension JoinedStr FormattedValue keyword alias
"""


def only_says(name: str, code: str) -> bool:
    """Whether code of a language that is not read says a text as it stands."""
    form = _SAYS.get(name)
    return form is not None and re.fullmatch(form.replace("{text}", _TEXT), code.strip()) is not None


def only_computes(code: str, *, isolated: bool = False) -> bool:
    """Whether Python code only computes, and prints: every node of its tree is known to be harmless.

    Unless it is isolated (-I), `import json` runs a json.py that lies in the working folder.
    """
    import ast  # spared to every command without it

    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    harmless = tuple(getattr(ast, name) for name in _HARMLESS.split())
    nodes = list(ast.walk(tree))
    # A name of Python's own may stay what it is: `for eval in []` assigns nothing.
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} - set(_BUILTIN)
    modules = frozenset(_SAFE_ATTRIBUTES) if isolated else _BUILT_IN
    return all(isinstance(node, harmless) or _is_harmless(node, own, modules) for node in nodes)


def _is_harmless(node: object, own: set[str], modules: frozenset[str]) -> bool:
    import ast

    match node:
        case ast.Import(names=names):
            return all(item.name in modules and item.asname is None for item in names)
        case ast.Name(id=name):  # wherever it stands: `max(x, key=eval)` calls eval
            return name in own or name in _SAFE_CALLS or name in _SAFE_ATTRIBUTES
        case ast.Call(func=ast.Name() | ast.Attribute()):
            return True  # they are asked by themselves
        case ast.Attribute(value=ast.Name(id=module), attr=attribute):
            return attribute in (_SAFE_ATTRIBUTES.get(module) or _METHODS)
        case ast.Attribute(attr=attribute):
            return attribute in _METHODS
    return False
