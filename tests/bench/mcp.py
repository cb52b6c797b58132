"""What one MCP call costs in process, beside the SDK's own server and the commit before."""

from pathlib import Path

from tests.bench.sides import DATABASES, heading, in_turns, print_rows, sides

PROBE = Path(__file__).parent / "probes" / "mcp.py"


def measure(before: Path | None) -> None:
    """Print the table of docs/benchmarks.md."""
    print(heading("call"))
    for database in DATABASES:
        with sides(database, before) as pair:
            print_rows(database, in_turns(pair, PROBE))
