#!/usr/bin/env python
"""The command door of the service: `python manage.py help` lists every command."""

import sys


def main() -> None:
    """Run the command named on the command line."""
    from config.entry.front import service

    service(sys.argv)


if __name__ == "__main__":
    main()
