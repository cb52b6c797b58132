#!/usr/bin/env python
"""The command door of the service: `python manage.py help` lists every command."""

import os
import sys


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed in this Python. Run `make up`, which makes .venv, or use .venv/bin/python.")
    from django.core.exceptions import ImproperlyConfigured

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"The settings cannot be used: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
