"""`.env.example` lists exactly the variables that the settings read."""

import ast
import re

from tests.project.sources import ROOT, tree

READERS = {"env", "environment"}
SECRETS = {"secret"}


def variables_read() -> set[str]:
    """First arguments of env.str("NAME") and the like, and of secret("NAME"), in config's settings."""
    found = set()
    for node in ast.walk(tree(ROOT / "config" / "settings.py")):
        if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
            continue
        of_env = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in READERS
        if (of_env and node.func.attr != "read_env") or getattr(node.func, "id", "") in SECRETS:
            found.add(str(node.args[0].value))
    return found


def variables_listed() -> list[str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def test_every_variable_is_listed_and_every_listed_one_is_read() -> None:
    read, listed = variables_read(), variables_listed()
    assert len(read) > 10, "The gate no longer finds how settings are read."
    assert not read - set(listed), f".env.example lacks {sorted(read - set(listed))}."
    assert not set(listed) - read, f"config/settings.py does not read {sorted(set(listed) - read)}."
    assert len(listed) == len(set(listed)), ".env.example names a variable twice."


def test_nothing_else_reads_the_environment() -> None:
    """A variable read elsewhere would be in no list, and checked by nobody at the start."""
    from tests.project.sources import PACKAGES, python_files

    # environment.py is the reader itself; manage.py, wsgi.py and the like only name the settings module.
    allowed = {"config/environment.py", "config/settings.py"}
    readers = []
    for path in python_files(*PACKAGES):
        where = str(path.relative_to(ROOT))
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="getenv")):
                    name = ast.unparse(node.args[0])
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="os"), attr="environ"), attr="get")
                ):
                    name = ast.unparse(node.args[0])
                case ast.Subscript(value=ast.Attribute(value=ast.Name(id="os"), attr="environ"), ctx=ast.Load()):
                    name = ast.unparse(node.slice)
                case _:
                    continue
            if where not in allowed:
                readers.append(f"{where}:{node.lineno}: {name}")
    assert not readers, "Read these in config/settings.py:\n" + "\n".join(readers)
