"""What one REST request costs in process, and how many a second the web server answers, beside the commit before."""

from pathlib import Path

from tests.bench.sides import (
    DATABASES,
    Requests,
    heading,
    in_turns,
    print_rates,
    print_rows,
    rates,
    rates_heading,
    sides,
)
from tests.bench.web import EVENT, EVENTS, wrk

PROBE = Path(__file__).parent / "probes" / "rest.py"
SECONDS = 4
REQUESTS: Requests = {
    "GET one event": lambda side, port, told: wrk(
        port, f"{EVENTS}/{told['event']}", None, told["key"], side.folder, SECONDS
    ),
    "GET 50 events": lambda side, port, told: wrk(port, EVENTS, None, told["key"], side.folder, SECONDS),
    "POST an event": lambda side, port, told: wrk(port, EVENTS, EVENT, told["key"], side.folder, SECONDS),
}


def measure(before: Path | None) -> None:
    """Print the tables of docs/benchmarks.md."""
    print(heading("request"))
    for database in DATABASES:
        with sides(database, before) as pair:
            print_rows(database, in_turns(pair, PROBE))
    print("\n" + rates_heading())
    for database in DATABASES:
        with sides(database, before, settings="tests.bench.site.settings") as pair:
            print_rates(database, rates(pair, REQUESTS))
