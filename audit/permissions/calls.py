"""A tool call in our words, whichever agent makes it: names of tools and of their parameters differ."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

_NAMES: dict[str, str] = {
    **dict.fromkeys(
        (
            "bash",
            "shell",
            "sh",
            "terminal",
            "run_shell_command",
            "local_shell",
            "local_shell_call",
            "exec_command",
            "execute_command",
            "run_command",
            "run_terminal_cmd",
            "run_in_terminal",
            "unified_exec",
            "container.exec",
            "shell_command",
            "run_shell",
            "runcommands",
            "runinterminal",
            "execute_bash",
            "executebash",
            "exec",
            "monitor",
        ),
        "Bash",
    ),
    **dict.fromkeys(
        (
            "read",
            "view",
            "read_file",
            "readfile",
            "read_many_files",
            "readmultiplefiles",
            "readmediafile",
            "fs_read",
            "open_file",
        ),
        "Read",
    ),
    **dict.fromkeys(
        (
            "edit",
            "replace",
            "str_replace",
            "str_replace_editor",
            "str_replace_based_edit_tool",
            "strreplace",
            "strreplacefile",
            "edit_file",
            "editfiles",
            "edit_notebook_file",
            "replace_string_in_file",
            "multi_replace_string_in_file",
            "insert_edit_into_file",
            "replace_in_file",
            "apply_diff",
            "insert",
            "undo_edit",
        ),
        "Edit",
    ),
    **dict.fromkeys(
        (
            "write",
            "create",
            "write_file",
            "writefile",
            "write_to_file",
            "create_file",
            "createfile",
            "create_directory",
            "create_new_jupyter_notebook",
            "fs_write",
            "fswrite",
            "fsappend",
            "fs_append",
            "tabwrite",
            "delete_file",
            "deletefile",
            "delete",
        ),
        "Write",
    ),
    **dict.fromkeys(("write_bash", "write_powershell", "write_stdin", "send_to_terminal", "bashinput"), "ShellInput"),
    **dict.fromkeys(("apply_patch", "applypatch", "patch"), "ApplyPatch"),
    **dict.fromkeys(("grep", "rg", "search_file_content", "search_files", "grep_search"), "Grep"),
    **dict.fromkeys(("ls", "list", "list_directory", "list_dir", "list_files"), "LS"),
    **dict.fromkeys(("web_fetch", "webfetch", "fetch", "fetch_url"), "WebFetch"),
    **dict.fromkeys(("google_web_search", "web_search", "websearch"), "WebSearch"),
    "glob": "Glob",
    "notebookedit": "NotebookEdit",
    "multiedit": "MultiEdit",
    "task": "Agent",
    "agent": "Agent",
}
PATHS = (
    "file_path",
    "filePath",
    "path",
    "notebook_path",
    "absolute_path",
    "dir_path",
    "directory",
    "target_file",
    "file",
)
_PATCH_PATH = r"(?m)^\*\*\* (?:Add|Update|Delete) File: (.+)$|^\*\*\* Move to: (.+)$"
_DRIVE = r"/[A-Za-z]:(?:/|$)"
TYPED = ("input", "chars", "text", "data", "content")
"""What is typed into a shell that runs already."""
_DATABASE_WORDS = [
    "sql",
    "sqlite",
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "database",
    "db",
    "duckdb",
    "clickhouse",
    "snowflake",
    "bigquery",
    "redshift",
    "supabase",
    "neon",
    "cockroach",
    "mssql",
    "oracle",
]


class Call(NamedTuple):
    """What an agent is about to do."""

    tool: str
    """Canonical: Bash, Read, Edit, Write, WebFetch, mcp__server__tool, ..."""
    input: Mapping[str, Any] = MappingProxyType({})
    agent: str = ""
    cwd: str = ""
    root: str = ""
    """The project; by default the working folder."""
    home: str = ""
    local: bool = False
    """Whether paths are of this machine, so that links can be followed."""
    excepted: frozenset[str] = frozenset()
    """Ids of rules, or names of packs, that do not hold for it."""

    @property
    def project(self) -> str:
        return self.root or self.cwd

    def running(self, command: str | list[str]) -> "Call":
        """A shell call in the place of this one."""
        return Call("Bash", {"command": command}, *self[2:])

    def commands(self) -> list[str | list[str]]:
        """What a Bash call runs: code, or the words of one program; more than one if it names several."""
        found: list[str | list[str]] = []
        names = ("command", "cmd", "script", "commandLine", "command_line")
        for name in names + (TYPED if self.tool == "ShellInput" else ()):
            value = self.input.get(name)
            if isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
                found.append(value)
        return found

    def paths(self) -> list[str]:
        """The files that a file tool names."""
        found = self._paths()
        return [with_slashes(path) for path in found] if re.match(_DRIVE, self.cwd) else found

    def _paths(self) -> list[str]:
        if self.tool == "ApplyPatch":
            text = "\n".join(value for value in self.input.values() if isinstance(value, str))
            return [added or moved for added, moved in re.findall(_PATCH_PATH, text)]
        found = _named(self.input)
        for name in ("paths", "include", "files", "replacements", "operations"):
            value = self.input.get(name)
            for item in value if isinstance(value, list) else ():
                found += [item] if isinstance(item, str) else _named(item)
        pattern = self.input.get("pattern" if self.tool == "Glob" else "glob")
        if self.tool in ("Glob", "Grep") and isinstance(pattern, str) and pattern:
            found.append(f"{found[0].rstrip('/')}/{pattern}" if found and not pattern.startswith("/") else pattern)
        if not found and self.tool in ("Glob", "Grep", "LS"):
            return [self.cwd or "."]
        return found

    def urls(self) -> list[str]:
        """The addresses that WebFetch reads; Gemini puts them into a prompt."""
        url = self.input.get("url")
        if isinstance(url, str):
            return [url]
        prompt = self.input.get("prompt")
        return re.findall(r"https?://[^\s\"'<>]+", prompt) if isinstance(prompt, str) else []

    def statements(self) -> list[str]:
        """The SQL in the parameters: always under `sql`; under `query` and its like when the tool is a database's."""
        names = ["sql"]
        if set(re.split(r"[^a-z0-9]+", self.tool.lower())) & set(_DATABASE_WORDS):
            names += ["query", "queries", "statement", "statements", "text", "command"]
        values = [self.input.get(name) for name in names]
        items = [item for value in values for item in (value if isinstance(value, list) else [value])]
        return [item for item in items if isinstance(item, str) and item.strip()]


def _named(given: Any) -> list[str]:
    """The files under the names that agents have for one."""
    if not isinstance(given, Mapping):
        return []
    return [value for name in PATHS if isinstance(value := given.get(name), str) and value]


def with_slashes(path: str) -> str:
    r"""A path of Windows as rules are written: `C:\x` is /C:/x. For calls of machines that have drives alone."""
    path = path.replace("\\", "/")
    return f"/{path}" if re.match("[A-Za-z]:/", path) else path


def folder_of(path: str) -> str:
    """A working folder, whichever machine it is of."""
    return with_slashes(path) if re.match(r"[A-Za-z]:[\\/]", path) else path


def canonical_tool(name: str) -> str:
    """Our name of an agent's tool."""
    if name.startswith("MCP:"):  # Cursor
        server, _, tool = name[4:].partition(":")
        return f"mcp__{server}__{tool}" if tool else f"mcp__unknown__{server}"
    return _NAMES.get(name.lower(), name)


def names_of(tool: str) -> list[str]:
    """What agents call a tool of ours, in lower case."""
    return [name for name, ours in _NAMES.items() if ours == tool]
