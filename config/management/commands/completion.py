"""`manage.py completion bash|zsh|fish`: what makes a shell complete our commands."""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import OperationCommand


class Command(OperationCommand):
    help = "Print the script that completes `handrail` and `manage.py` in a shell."
    examples = (
        ("completion bash", 'in ~/.bashrc: eval "$(.../manage.py completion bash)"; zsh alike'),
        ("completion fish", "into ~/.config/fish/completions/handrail.fish"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("shell", choices=("bash", "zsh", "fish"))

    def handle(self, *args: Any, shell: str, **options: Any) -> None:
        from config.commandline import completion  # every command is imported to be asked

        written = completion.script(shell)
        if options["json"]:
            self.print_json({"shell": shell, "script": written})
        else:
            self.stdout.write(written, style_func=str)
