import hashlib
import json
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.arguments import given, offer, reads
from config.commandline.amounts import dollars, duration, percent, size
from config.commands import FINDINGS, OperationCommand, json_of, text_of
from visioncache.entries import store_entry
from visioncache.lookups import Lookup, look_up
from visioncache.removal import cleanup_expired, invalidate
from visioncache.serializers import (
    EntryInSerializer,
    EntrySerializer,
    InvalidateInSerializer,
    InvalidationSerializer,
    LookupInSerializer,
    LookupSerializer,
    StatsQuery,
    StatsSerializer,
)
from visioncache.stats import Stats, get_stats

MORE = ("ttl_hours", "image_url", "tags", "cost_micros", "latency_ms")
"""What `store` takes beside the identity and the answer."""


class Command(OperationCommand):
    help = "Look at the vision cache, ask it, fill it, take entries out of it, or clean it up."
    examples = (
        ("visioncache stats", "what the cache saved"),
        (
            "visioncache lookup --image invoice.png --model acme-vision-2026-10-01",
            "exit code 0 for a hit, 1 for a miss",
        ),
        (
            "visioncache store --image a.png --model acme-vision-2 --confidence 0.97 --data '{\"total\": 12.5}'",
            "keep an answer",
        ),
        ("visioncache invalidate --model acme-vision-2025-01-01 --dry-run", "what would go"),
        ("visioncache cleanup", "remove what is expired"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="action", required=True, metavar="stats|lookup|store|invalidate|cleanup")
        stats = commands.add_parser("stats", help="Entries, hits, misses and what they saved.")
        offer(stats, StatsQuery)
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
        stats = get_stats(**given(options, StatsQuery))
        if options["json"]:
            self.print_json(StatsSerializer(stats).data)
            return
        self.table(["figure", "value"], _figures(stats))
        if stats.entries:
            self.stdout.write("")
            rows = [
                [e.hit_count, percent(e.confidence_score), e.model_version, e.namespace, e.image_hash]
                for e in stats.entries
            ]
            self.table(["hits", "confidence", "model", "namespace", "image"], rows)

    def _look_up(self, options: dict[str, Any]) -> None:
        found = look_up(**_identity(options))
        self._print(options, LookupSerializer(found).data, _in_words(found))
        if not found.hit:
            raise SystemExit(FINDINGS)

    def _store(self, options: dict[str, Any]) -> None:
        details = {name: options[name] for name in MORE if name in options}
        details |= {"ttl_hours": None} if options["for_ever"] else {}
        stored = store_entry(
            **_identity(options),
            extracted_data=json_of(text_of("-") if options["data"] == "-" else options["data"]),
            confidence_score=options["confidence"],
            **details,
        )
        verb = "stored" if stored.created else "replaced"
        self._print(options, EntrySerializer(stored.entry).data, f"[OK] {stored.entry.uid} {verb}.")

    def _invalidate(self, options: dict[str, Any]) -> None:
        names = ("entry_id", "image_hash", "model_version", "tag", "namespace", "all_namespaces", "dry_run")
        done = invalidate(**{name: options[name] for name in names if name in options})
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
    image.add_argument("--image-hash", type=reads(LookupInSerializer, "image_hash"), help="Or the hash of its bytes.")
    offer(parser, LookupInSerializer, only=["request", "namespace"])


def _add_lookup(parser: ArgumentParser) -> None:
    _add_identity(parser)
    model = reads(LookupInSerializer, "model_version")
    parser.add_argument("--model", dest="model_version", type=model, help="Without it, the newest answer of any model.")


def _add_store(parser: ArgumentParser) -> None:
    _add_identity(parser)
    model = reads(EntryInSerializer, "model_version")
    parser.add_argument("--model", dest="model_version", type=model, required=True, help="Resolved, never an alias.")
    parser.add_argument("--data", metavar="JSON", default="-", help="What the model read; by default from stdin.")
    confidence = reads(EntryInSerializer, "confidence_score")
    parser.add_argument("--confidence", type=confidence, required=True, help="0 to 1.")
    parser.add_argument("--for-ever", action="store_true", help="The same as --ttl-hours none.")
    offer(parser, EntryInSerializer, only=MORE)


def _add_invalidate(parser: ArgumentParser) -> None:
    parser.add_argument("--id", dest="entry_id")
    parser.add_argument("--model", dest="model_version", type=reads(InvalidateInSerializer, "model_version"))
    offer(parser, InvalidateInSerializer, only=["image_hash", "tag", "namespace", "all_namespaces", "dry_run"])


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
        "request": options.get("request"),
        "namespace": options["namespace"],
    }


def _figures(stats: Stats) -> list[tuple[str, str]]:
    return [
        ("entries", f"{stats.total_entries:,}, {stats.live_entries:,} of them live"),
        ("hits", f"{stats.total_hits:,}"),
        ("misses", f"{stats.total_misses:,}"),
        ("waits", f"{stats.total_waits:,}"),
        ("hit rate", percent(stats.hit_rate)),
        ("confidence", percent(stats.avg_confidence)),
        ("saved time", duration(stats.saved_ms / 1000)),
        ("saved cost", dollars(stats.saved_cost_micros)),
        ("size", size(stats.bytes)),
    ]


def _in_words(found: Lookup) -> str:
    if found.entry is not None:
        data = json.dumps(found.entry.extracted_data, ensure_ascii=False)
        return f"[OK] hit, {found.entry.model_version}, {duration(found.entry.age_seconds)} old: {data}"
    return f"[MISS] {found.why_miss.detail if found.why_miss else ''}"
