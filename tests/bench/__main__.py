"""`make bench`, or `make bench ARGS="web broker"`: the figures of docs/benchmarks.md, measured here and now.

`make bench ARGS="rest --before ../older"` measures an older checkout too, taking turns with this one.
"""

import os
import platform
from argparse import ArgumentParser
from pathlib import Path

from tests.bench import (
    broker,
    bursts,
    client,
    commands,
    decisions,
    exports,
    figures,
    live,
    mcp,
    reach,
    rest,
    schemas,
    start,
    trail,
    vision,
    web,
)

ALONE = {
    "web": web,
    "broker": broker,
    "audit": trail,
    "schemacheck": schemas,
    "live": live,
    "reach": reach,
    "client": client,
}
BESIDE_BEFORE = {
    "start": start,
    "commands": commands,
    "rest": rest,
    "mcp": mcp,
    "decisions": decisions,
    "vision": vision,
    "figures": figures,
    "bursts": bursts,
    "export": exports,
}


def main() -> None:
    known = [*ALONE, *BESIDE_BEFORE]
    parser = ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(known)}; by default all")
    parser.add_argument("--before", type=Path, help="a checkout of an older commit to measure beside this one")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(known):
        parser.error(f"There is no {', '.join(sorted(unknown))}.")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in asked.parts or known:
        print(f"\n## {name}\n")
        if name in ALONE:
            ALONE[name].measure()
        else:
            BESIDE_BEFORE[name].measure(asked.before)


if __name__ == "__main__":
    main()
