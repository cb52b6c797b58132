"""From the words of the command line to a command."""

import sys
from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from django.core.management import ManagementUtility, get_commands

from config.commandline.names import joined, spoken

USAGE_ERROR = 2


class CommandLine(ManagementUtility):
    """Django's own, with names of two words and a help that begins with our commands."""

    def execute(self) -> None:
        if self.argv[1:2] == ["help"] and self.argv[2:] and not self.argv[2].startswith("-"):
            self.argv = [self.argv[0], *self.argv[2:], "--help"]
        super().execute()

    def fetch_command(self, subcommand: str) -> Any:
        commands = get_commands()
        if name := joined(self.argv[1:], commands):
            self.argv = [self.argv[0], " ".join(self.argv[1:3]), *self.argv[3:]]
            return super().fetch_command(name)
        if subcommand in commands:
            return super().fetch_command(subcommand)
        return self._refuse(subcommand, commands)

    def main_help_text(self, commands_only: bool = False) -> str:
        from config.commandline import overview

        return super().main_help_text(commands_only=True) if commands_only else overview.text(self.prog_name)

    def _refuse(self, word: str, commands: Collection[str]) -> None:
        if self.settings_exception:
            super().fetch_command(word)  # Django says what is wrong with the settings
        near = get_close_matches(word, [*commands, *{name.partition("_")[0] for name in commands}], n=1)
        hint = f" Did you mean {spoken(near[0])}?" if near else ""
        sys.stderr.write(f"There is no command {word}.{hint} `{self.prog_name} help` lists them.\n")
        sys.exit(USAGE_ERROR)


def run(argv: list[str]) -> None:
    """Run the command that the words name."""
    CommandLine(argv).execute()
