"""`.env.example` lists exactly the variables that the settings read."""

import ast
import re

from tests.project.sources import PACKAGES, ROOT, python_files, tree

READERS = {"env", "environment"}
SECRETS = {"secret"}


def variables_read() -> set[str]:
    """First arguments of env.str("NAME") and the like, and of secret("NAME"), in config's settings and their reader."""
    found = set()
    files = (ROOT / "config" / name for name in ("settings.py", "environment.py"))
    for node in (node for path in files for node in ast.walk(tree(path))):
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


# Not ours: the system's, the libraries' own, and what tells of a project that is checked.
FOREIGN = {
    *("DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV"),
    *("CLAUDE_PROJECT_DIR", "DJANGO_COLORS", "HOME", "NO_COLOR", "PATH", "PYTHONPATH", "TERM", "TIKTOKEN_CACHE_DIR"),
}
# home.py and environment.py are the reader itself; probe.py describes whatever machine it is sent to;
# fast_hook.py runs without Django, agents/hook.py and tell.py on other machines.
READ_THEMSELVES = {
    "audit/agents/hook.py",
    "audit/agents/tell.py",
    "audit/permissions/fast_hook.py",
    "config/environment.py",
    "config/home.py",
    "dockerdebug/probe.py",
}


def test_nothing_else_reads_the_environment() -> None:
    """A variable read elsewhere would be in no list, and checked by nobody at the start."""
    readers = []
    for path in python_files(*PACKAGES):
        where = str(path.relative_to(ROOT))
        for node in ast.walk(tree(path)):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="getenv" | "get") as read, args=[ast.Constant(value=str(name)), *_]
                ):
                    source = ast.unparse(read)
                case ast.Subscript(value=source_node, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                    source = ast.unparse(source_node)
                case _:
                    continue
            ours = name not in FOREIGN and where not in READ_THEMSELVES
            if ours and source in {"os.getenv", "os.environ", "os.environ.get", "environ.get", "environ"}:
                readers.append(f"{where}:{node.lineno}: {name}")
    assert not readers, "Read these in config/settings.py:\n" + "\n".join(readers)
