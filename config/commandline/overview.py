"""What `manage.py help` shows: our commands by tool, a sentence each, and the names of Django's."""

import shutil
import textwrap
from collections.abc import Iterator
from importlib import import_module

from django.conf import settings
from django.core.management import get_commands, load_command_class

from config.commandline.alone import ALONE
from config.commandline.help import Documented
from config.commandline.names import spoken

Found = tuple[str, str, Documented]
"""An app, the name of a command of it, and the command."""


def ours() -> Iterator[Found]:
    """Every command of the service, the older names of some included."""
    commands = get_commands()
    for app in ("config", "audit", *settings.TOOLS):
        for name in sorted(name for name, owner in commands.items() if owner == app):
            command = load_command_class(app, name)
            if isinstance(command, Documented):
                yield app, name, command


def djangos() -> list[str]:
    """The names of the others: Django's, and those of its applications."""
    return sorted(set(get_commands()) - {name for _, name, _ in ours()})


def text(program: str) -> str:
    """The whole page, folded to the terminal."""
    width = max(shutil.get_terminal_size().columns, 50)
    found = list(ours())
    parts = [f"usage: {program} COMMAND ...\n\n`{program} COMMAND --help` shows its options, and examples."]
    for app in dict.fromkeys(app for app, _, _ in found):
        rows = [
            _row(name, command, width) for owner, name, command in found if owner == app and not command.older_name_of
        ]
        rows += [_line(name, sentence, width) for name, sentence in _without_django(app)]
        parts.append("\n".join([f"{'service' if app == 'config' else app}:", *rows]))
    rest = ", ".join(djangos())
    parts.append("of Django:\n" + textwrap.fill(rest, width, initial_indent="  ", subsequent_indent="  "))
    return "\n\n".join(parts)


def _without_django(app: str) -> Iterator[tuple[str, str]]:
    """The commands of an app that Django never starts, each with what its module says of itself."""
    for name, module in ALONE.items():
        if module.startswith(f"{app}.") and name not in get_commands():
            yield name, str(import_module(module).__doc__)


def _row(name: str, command: Documented, width: int) -> str:
    return _line(spoken(name), command.help, width)


def _line(name: str, told: str, width: int) -> str:
    start = f"  {name:<17} "
    sentence = told.partition(". ")[0].strip().removesuffix(".")
    return textwrap.fill(sentence, width, initial_indent=start, subsequent_indent=" " * len(start))
