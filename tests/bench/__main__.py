"""`make bench`, or `make bench ARGS="web broker"`: the figures of docs/benchmarks.md, measured here and now."""

import os
import platform
import sys

from tests.bench import broker, schemas, start, trail, web

PARTS = {"start": start, "web": web, "broker": broker, "audit": trail, "schemacheck": schemas}


def main(names: list[str]) -> None:
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.exit(f"Unknown: {', '.join(sorted(unknown))}. There are {', '.join(PARTS)}.")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in names or PARTS:
        print(f"\n## {name}\n")
        PARTS[name].measure()


if __name__ == "__main__":
    main(sys.argv[1:])
