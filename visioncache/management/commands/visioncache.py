import hashlib
import json
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.commands import FINDINGS, OperationCommand, json_of, text_of
from visioncache.entries import store_entry
from visioncache.identity import DEFAULT_NAMESPACE
from visioncache.lookups import Lookup, look_up
from visioncache.removal import cleanup_expired, invalidate
from visioncache.serializers import EntrySerializer, InvalidationSerializer, LookupSerializer, StatsSerializer
from visioncache.stats import get_stats
from visioncache.terms import DEFAULT_TTL_HOURS


class Command(OperationCommand):
    help = "Look at the vision cache, ask it, fill it, take entries out of it, or clean it up."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="action", required=True, metavar="stats|lookup|store|invalidate|cleanup")
        stats = commands.add_parser("stats", help="Entries, hits, misses and what they saved.")
        stats.add_argument("--namespace")
        stats.add_argument("--image-hash", help="List the entries of this image.")
        _add_lookup(commands.add_parser("lookup", help="Ask the cache: exit code 0 for a hit, 1 for a miss."))
        _add_store(commands.add_parser("store", help="Store a model's answer."))
        _add_invalidate(commands.add_parser("invalidate", help="Remove the entries that meet all conditions given."))
        commands.add_parser("cleanup", help="Remove expired entries.")
        for command in commands.choices.values():
            command.add_argument("--json", action="store_true", default=SUPPRESS, help="Print JSON instead of text.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        perform = {
            "stats": self._stats,
            "lookup": self._look_up,
            "store": self._store,
            "invalidate": self._invalidate,
            "cleanup": self._clean_up,
        }
        perform[action](options)

    def _stats(self, options: dict[str, Any]) -> None:
        answer = StatsSerializer(get_stats(namespace=options["namespace"], image_hash=options["image_hash"])).data
        if options["json"]:
            self.print_json(answer)
            return
        self.table(["figure", "value"], [(name, value) for name, value in answer.items() if name != "entries"])
        if answer["entries"]:
            self.stdout.write("")
            names = ["hit_count", "confidence_score", "model_version", "namespace", "image_hash"]
            self.table(names, [[entry[name] for name in names] for entry in answer["entries"]])

    def _look_up(self, options: dict[str, Any]) -> None:
        found = look_up(**_identity(options))
        self._print(options, LookupSerializer(found).data, _in_words(found))
        if not found.hit:
            raise SystemExit(FINDINGS)

    def _store(self, options: dict[str, Any]) -> None:
        stored = store_entry(
            **_identity(options),
            extracted_data=json_of(text_of("-") if options["data"] == "-" else options["data"]),
            confidence_score=options["confidence"],
            ttl_hours=None if options["for_ever"] else options["ttl_hours"],
            tags=options["tag"],
        )
        verb = "stored" if stored.created else "replaced"
        self._print(options, EntrySerializer(stored.entry).data, f"[OK] {stored.entry.uid} {verb}.")

    def _invalidate(self, options: dict[str, Any]) -> None:
        names = ("entry_id", "image_hash", "model_version", "tag", "namespace", "all_namespaces", "dry_run")
        done = invalidate(**{name: options[name] for name in names})
        verb = f"{done.matched} entries would be" if done.dry_run else f"{done.removed} entries"
        self._print(options, InvalidationSerializer(done).data, f"[OK] {verb} removed.")

    def _clean_up(self, options: dict[str, Any]) -> None:
        removed = cleanup_expired()
        self._print(options, {"removed": removed}, f"[OK] {removed} expired entries removed.")

    def _print(self, options: dict[str, Any], value: Any, line: str) -> None:
        if options["json"]:
            self.print_json(value)
        else:
            self.stdout.write(line)


def _add_identity(parser: ArgumentParser) -> None:
    image = parser.add_mutually_exclusive_group(required=True)
    image.add_argument("--image", type=Path, metavar="FILE", help="The image, a file.")
    image.add_argument("--image-hash", help="Or the SHA-256 of its bytes.")
    parser.add_argument("--request", metavar="JSON", help="Prompt, parameters, whatever was asked.")
    parser.add_argument("--namespace", default=DEFAULT_NAMESPACE)


def _add_lookup(parser: ArgumentParser) -> None:
    _add_identity(parser)
    parser.add_argument("--model", dest="model_version", help="Without it, the newest answer of any model.")


def _add_store(parser: ArgumentParser) -> None:
    _add_identity(parser)
    parser.add_argument("--model", dest="model_version", required=True, help="The resolved model, never an alias.")
    parser.add_argument("--data", metavar="JSON", default="-", help="What the model read; by default from stdin.")
    parser.add_argument("--confidence", type=float, required=True, help="0 to 1.")
    life = parser.add_mutually_exclusive_group()
    life.add_argument("--ttl-hours", type=float, default=DEFAULT_TTL_HOURS)
    life.add_argument("--for-ever", action="store_true")
    parser.add_argument("--tag", action="append", default=[], help="May be given several times.")


def _add_invalidate(parser: ArgumentParser) -> None:
    parser.add_argument("--id", dest="entry_id")
    parser.add_argument("--image-hash")
    parser.add_argument("--model", dest="model_version")
    parser.add_argument("--tag")
    parser.add_argument("--namespace", help="By default 'default'; alone, all of the namespace.")
    parser.add_argument("--all-namespaces", action="store_true")
    parser.add_argument("--dry-run", action="store_true", help="Only count.")


def _identity(options: dict[str, Any]) -> dict[str, Any]:
    digest = options["image_hash"]
    if file := options["image"]:
        try:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise CommandError(f"Cannot read the image {file}: {error.strerror}.") from error
    return {
        "image_hash": digest,
        "model_version": options["model_version"],
        "request": json_of(options["request"]) if options["request"] else None,
        "namespace": options["namespace"],
    }


def _in_words(found: Lookup) -> str:
    if found.entry is not None:
        data = json.dumps(found.entry.extracted_data, ensure_ascii=False)
        return f"[OK] hit, {found.entry.model_version}, {found.entry.age_seconds} s old: {data}"
    return f"[MISS] {found.why_miss.detail if found.why_miss else ''}"
