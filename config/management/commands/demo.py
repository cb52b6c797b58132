from typing import Any

from config.commands import OperationCommand
from config.discovery import app_modules


class Command(OperationCommand):
    help = "Load a small, believable data set through the operations; what is there already stays as it is."
    examples = (
        ("demo", "fill an empty installation to look around in"),
        ("demo --json", "the same, telling a program what was loaded"),
    )

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = []
        for app, module in app_modules("demo"):
            module.load()
            loaded.append(app)
            if not options["json"]:
                self.stdout.write(f"[OK] {app}")
        if options["json"]:
            self.print_json({"loaded": loaded})
