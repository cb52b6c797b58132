"""What a decision on a tool call costs in process, beside the commit before."""

from pathlib import Path

from tests.bench.sides import DATABASES, heading, in_turns, print_rows, sides

PROBE = Path(__file__).parent / "probes" / "decisions.py"


def measure(before: Path | None) -> None:
    """Print the table of docs/benchmarks.md."""
    print(heading("the shipped rules"))
    for database in DATABASES:
        with sides(database, before) as pair:
            print_rows(database, in_turns(pair, PROBE))
