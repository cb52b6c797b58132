"""From the words of the command line to what answers them, with as little loaded as that takes."""

import atexit
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from config import home
from config.commandline.alone import ALONE

USAGE_ERROR = 2
FOR_OTHERS = frozenset({"guard", "makemigrations", "schemacheck"})
"""Commands whose files are their caller's: what a guarded program writes, code, baselines and SQL of a project."""


def handrail(argv: list[str]) -> None:
    """Run `handrail`: what needs no service without it, whether that is installed or not."""
    gc.disable()  # of what is imported nothing is garbage; with the service until all is: config/apps.py
    if argv[1:2] in (["--version"], ["version"]):
        from config.entry.extras import version

        sys.stdout.write(f"handrail {version()}\n")
        return
    if argv[1:2] == ["schemacheck"] and import_module(ALONE["schemacheck"]).can_answer(argv[2:]):
        _answer_alone(argv)
    if argv[1:2] not in (["hook"], ["language-server"]) and not _has_service():
        _ask_for_service(argv[1:])
    service(argv)


def service(argv: list[str]) -> None:
    """Run `manage.py`: every command, with the service behind it."""
    gc.disable()  # until all is imported: config/apps.py
    if argv[1:2] == ["hook"]:  # an agent waits: answered without Django if possible, and refused on any failure
        _hook(argv[2:])
    if argv[1:2] == ["language-server"]:
        _answer_alone(argv)
    if argv[1:2] == ["schemacheck"] and import_module(ALONE["schemacheck"]).names_a_project(argv[2:]):
        _answer_alone(argv)  # before Django takes the `--settings` of that project for ours
    home.take_settings()
    if FOR_OTHERS.isdisjoint(argv[1:2]):
        os.umask(0o077)  # whatever the service writes, by whichever command, is its owner's alone
    if argv[1:2] == ["up"] and not any(word.startswith(("-h", "--help", "--settings")) for word in argv):
        from config.serving import supervisor

        supervisor.start_web()  # it imports the site while we do, and waits for the migrations
    try:
        from config.commandline import entry
    except ImportError:
        sys.exit("Django is not installed in this Python. Run `make up`, which makes .venv, or use .venv/bin/python.")
    from django.core.exceptions import ImproperlyConfigured

    try:
        entry.run(argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"The settings cannot be used: {error}\n")
        sys.exit(USAGE_ERROR)


def _answer_alone(argv: list[str]) -> NoReturn:
    code = import_module(ALONE[argv[1]]).main(argv[2:], program=f"{home.PROGRAM} {argv[1]}")
    atexit._run_exitfuncs()  # noqa: SLF001
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read it has left, or it is closed
            stream.flush()
    os._exit(code)  # taking down module by module what is not used again is a tenth of the whole time


def _hook(arguments: list[str]) -> None:
    try:
        import_module(ALONE["hook"]).main(arguments)
    except BaseException:  # noqa: BLE001  -- exit code 1 would let the tool run
        os._exit(USAGE_ERROR)


def _has_service() -> bool:
    from importlib.util import find_spec

    return find_spec("django") is not None and find_spec("granian") is not None


def _ask_for_service(words: list[str]) -> NoReturn:
    """Say the one line that brings the service."""
    from config.entry.extras import how_to_install

    if not words or words[0] in ("help", "-h", "--help"):
        sys.stdout.write(
            "Usage: handrail schemacheck [PATH ...]   what the database would say to SQL, without running it\n"
            "       handrail language-server          the same beside the lines in an editor, which starts it\n"
            "       handrail hook AGENT               answer an agent's hook by the service's rules\n"
            f"Every other command needs the service: {how_to_install('service')}\n"
        )
        sys.exit(0)
    sys.stderr.write(f"`handrail {words[0]}` needs the service: {how_to_install('service')}\n")
    sys.exit(USAGE_ERROR)
