"""`manage.py memory remember|recall|list|correct|forget|reindex`: memories from a shell."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand, Whole
from prompts.memories import limits, recalling, remembering
from prompts.memories.serializers import (
    CorrectSerializer,
    MemorySerializer,
    RecalledSerializer,
    RecallSerializer,
    RememberSerializer,
)
from prompts.models import Memory


class Command(OperationCommand):
    help = "Keep what agents and people learnt, and recall it."
    examples = (
        ("memory remember 'Deploys need the VPN.' --project shop", "a fact that later sessions are told"),
        ("memory recall 'how do I deploy' --project shop --max-tokens 500", "what is known, and why it fits"),
        ("memory list --project shop", "the newest that hold"),
        (
            "memory correct 01a22a2d-afa6-7024-adeb-0f895a2145d4 --text 'No VPN.'",
            "by the id that `list` shows",
        ),
        ("memory forget 01a22a2d-afa6-7024-adeb-0f895a2145d4", "delete it for good"),
        ("memory reindex", "after a move to another database: make every memory findable"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        offer(verbs.add_parser("remember", help="keep a memory"), RememberSerializer, first=["text"])
        offer(verbs.add_parser("recall", help="what is known, the best first"), RecallSerializer, first=["query"])
        listing = verbs.add_parser("list", help="the newest memories that hold")
        listing.add_argument("--project", default="")
        listing.add_argument("--limit", type=Whole(1, limits.MOST_RECALLED), default=limits.MOST_RECALLED)
        correct = verbs.add_parser("correct", help="change a memory; what is left out stays as it is")
        correct.add_argument("id")
        offer(correct, CorrectSerializer, partial=True)
        verbs.add_parser("forget", help="delete a memory for good").add_argument("id")
        verbs.add_parser("reindex", help="index every memory anew")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_remember(self, options: dict[str, Any]) -> None:
        done = remembering.remember(**given(options, RememberSerializer))
        self._done(done.memory, "kept" if done.created else "known already", options)

    def do_recall(self, options: dict[str, Any]) -> None:
        found = recalling.recall(**given(options, RecallSerializer))
        if options["json"]:
            self.print_json(RecalledSerializer(found).data)
            return
        rows = [[f"{hit.score:.2f}", hit.memory.uid, hit.text, hit.why] for hit in found.results]
        self.table(["score", "id", "text", "why"], rows)

    def do_list(self, options: dict[str, Any]) -> None:
        found = Memory.objects.live().select_related("superseded_by")
        found = found.filter(project=options["project"]) if options["project"] else found
        newest = found[: options["limit"]]
        if options["json"]:
            self.print_json(MemorySerializer(newest, many=True).data)
            return
        rows = [[item.tier, item.project or "-", item.agent or "-", item.uid, item] for item in newest]
        self.table(["tier", "project", "agent", "id", "text"], rows)

    def do_correct(self, options: dict[str, Any]) -> None:
        changes = given(options, CorrectSerializer)
        self._done(remembering.correct_memory(uid=options["id"], **changes), "corrected", options)

    def do_forget(self, options: dict[str, Any]) -> None:
        remembering.forget(uid=options["id"])
        self.print_json({"forgotten": options["id"]}) if options["json"] else self.stdout.write("[OK] forgotten")

    def do_reindex(self, options: dict[str, Any]) -> None:
        count = remembering.reindex()
        self.print_json({"indexed": count}) if options["json"] else self.stdout.write(f"[OK] {count} memories indexed")

    def _done(self, memory: Memory, said: str, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(MemorySerializer(memory).data)
        else:
            self.stdout.write(f"[OK] {memory.uid} {said}: {memory}")
