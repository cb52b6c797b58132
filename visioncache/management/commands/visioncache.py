from argparse import SUPPRESS
from typing import Any

from django.core.management.base import CommandParser

from config.commands import OperationCommand
from visioncache.removal import cleanup_expired, invalidate
from visioncache.serializers import InvalidationSerializer, StatsSerializer
from visioncache.stats import get_stats


class Command(OperationCommand):
    help = "Look at the vision cache, take entries out of it, or clean it up."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="action", required=True, metavar="stats|invalidate|cleanup")
        stats = commands.add_parser("stats", help="Entries, hits, misses and what they saved.")
        stats.add_argument("--namespace")
        stats.add_argument("--image-hash", help="List the entries of this image.")
        remove = commands.add_parser("invalidate", help="Remove the entries that meet all conditions given.")
        remove.add_argument("--id", dest="entry_id")
        remove.add_argument("--image-hash")
        remove.add_argument("--model", dest="model_version")
        remove.add_argument("--tag")
        remove.add_argument("--namespace", help="By default 'default'; alone, all of the namespace.")
        remove.add_argument("--all-namespaces", action="store_true")
        remove.add_argument("--dry-run", action="store_true", help="Only count.")
        cleanup = commands.add_parser("cleanup", help="Remove expired entries.")
        for command in (stats, remove, cleanup):
            command.add_argument("--json", action="store_true", default=SUPPRESS, help="Print JSON instead of text.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        match action:
            case "stats":
                self._stats(**options)
            case "invalidate":
                self._invalidate(**options)
            case "cleanup":
                removed = cleanup_expired()
                self._print(options["json"], {"removed": removed}, f"[OK] {removed} expired entries removed.")

    def _stats(self, *, namespace: str | None, image_hash: str | None, json: bool, **_: Any) -> None:
        answer = StatsSerializer(get_stats(namespace=namespace, image_hash=image_hash)).data
        if json:
            self.print_json(answer)
            return
        self.table(["figure", "value"], [(name, value) for name, value in answer.items() if name != "entries"])
        if answer["entries"]:
            self.stdout.write("")
            names = ["hit_count", "confidence_score", "model_version", "namespace", "image_hash"]
            self.table(names, [[entry[name] for name in names] for entry in answer["entries"]])

    def _invalidate(self, *, json: bool, **options: Any) -> None:
        names = ("entry_id", "image_hash", "model_version", "tag", "namespace", "all_namespaces", "dry_run")
        done = invalidate(**{name: options[name] for name in names})
        verb = f"{done.matched} entries would be" if done.dry_run else f"{done.removed} entries"
        self._print(json, InvalidationSerializer(done).data, f"[OK] {verb} removed.")

    def _print(self, as_json: bool, value: Any, line: str) -> None:
        if as_json:
            self.print_json(value)
        else:
            self.stdout.write(line)
