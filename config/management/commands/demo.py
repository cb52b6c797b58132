from functools import partial
from typing import Any

from django.utils import timezone

from config.commands import OperationCommand
from config.demonstration import Act, play
from config.discovery import app_modules


class Command(OperationCommand):
    help = (
        "Load a small, believable data set through the operations, four weeks of it in the past; "
        "what is there already stays as it is."
    )
    examples = (
        ("demo", "fill an empty installation to look around in"),
        ("demo --json", "the same, telling a program what was loaded"),
    )

    def handle(self, *args: Any, **options: Any) -> None:
        modules, now = app_modules("demo"), timezone.now()
        acts: list[Act] = [act for _, module in modules if hasattr(module, "past") for act in module.past(now)]
        play(acts, tell=partial(self.progress, total=len(acts), what="weeks before"))
        loaded = []
        for app, module in modules:
            module.load()
            loaded.append(app)
            if not options["json"]:
                self.stdout.write(f"[OK] {app}")
        if options["json"]:
            self.print_json({"loaded": loaded})
