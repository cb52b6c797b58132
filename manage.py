#!/usr/bin/env python
"""The command door of the service: `python manage.py help` lists every command."""

import gc
import os
import sys


def _hook() -> None:
    try:
        from audit.permissions.fast_hook import main as answer

        answer(sys.argv[2:])
    except BaseException:  # noqa: BLE001  -- exit code 1 would let the tool run
        os._exit(2)


def main() -> None:
    """Run the command named on the command line."""
    gc.disable()  # until all is imported: config/apps.py
    if sys.argv[1:2] == ["hook"]:  # an agent waits: answered without Django if possible, and refused on any failure
        _hook()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"] and not any(word.startswith(("-h", "--help", "--settings")) for word in sys.argv):
        from config.serving import supervisor

        supervisor.start_web()  # it imports the site while we do, and waits for the migrations
    try:
        from config.commandline import entry
    except ImportError:
        sys.exit("Django is not installed in this Python. Run `make up`, which makes .venv, or use .venv/bin/python.")
    from django.core.exceptions import ImproperlyConfigured

    try:
        entry.run(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"The settings cannot be used: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
