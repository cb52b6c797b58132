"""What a report costs in a burst, in process, beside the commit before."""

from pathlib import Path

from tests.bench.sides import DATABASES, Figure, Figures, heading, in_turns, print_rows, sides

PROBE = Path(__file__).parent / "probes" / "bursts.py"


def measure(before: Path | None) -> None:
    """Print the table of docs/benchmarks.md."""
    print(heading("burst", "CPU ms a report"))
    for database in DATABASES:
        with sides(database, before) as pair:
            print_rows(database, _a_report(in_turns(pair, PROBE)))


def _a_report(figures: Figures) -> Figures:
    """A case is named for how many reports one call of it sends."""
    return {
        case: {side: Figure(*(value / int(case.split()[0]) for value in figure)) for side, figure in by_side.items()}
        for case, by_side in figures.items()
    }
