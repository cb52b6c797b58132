"""What a key of each scope may do, as one table: a new operation, or another scope, is a line somebody read."""

from pathlib import Path

from config.mcp.tools import tools
from tests.project.conftest import operations

TABLE = Path(__file__).with_name("scopes.txt")


def test_every_operation_needs_the_scope_of_the_table() -> None:
    found = {f"{item.method.upper()} {item.path.removeprefix('/api/v1/')}": item.scope for item in operations()}
    ours = {name: tool for name, tool in tools().items() if not tool.function.__module__.startswith("tests.")}
    found |= {f"MCP {name}": tool.scope for name, tool in ours.items()}
    written = dict(reversed(line.split(maxsplit=1)) for line in TABLE.read_text().splitlines())
    assert sorted(found.items()) == sorted(written.items()), (
        f"Say in {TABLE.name} which scope each needs, and why it may be so low."
    )
