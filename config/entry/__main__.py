#!/usr/bin/env python
"""`handrail`, `python -m handrail`: finds the service's packages, which nothing in the current folder may replace."""

import os
import sys


def main() -> None:
    """Run the command on the command line."""
    here = os.path.dirname(os.path.realpath(__file__))
    inside = os.path.join(here, "_service")  # of the wheel; in a checkout we are part of config
    if os.path.basename(sys.argv[0]) == "__main__.py":
        sys.argv[0] = "handrail"
    if __name__ == "__main__" and not sys.flags.safe_path:
        del sys.path[0]  # the current folder, from `python -m`, or our own
    sys.path.insert(0, inside if os.path.isdir(inside) else os.path.dirname(os.path.dirname(here)))
    from config.entry.front import handrail

    handrail(sys.argv)


if __name__ == "__main__":
    main()
