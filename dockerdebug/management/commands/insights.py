"""`manage.py insights list|add|change|remove`: what was learnt about environments, from a shell."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from dockerdebug import insights
from dockerdebug.models import Insight
from dockerdebug.serializers import InsightSerializer, RecallSerializer


class Command(OperationCommand):
    help = "Keep what was learnt about environments, and recall it."
    examples = (
        ("insights list --query pip", "what is known about pip"),
        ("insights add dependencies 'The image pins pip 24: newer ones refuse our index.'", "keep what was learnt"),
        (
            "insights change 01a22a2d-afa6-7024-adeb-0f895a2145d4 --text 'The image pins pip 25.'",
            "by the id that `list` shows",
        ),
        ("insights remove 01a22a2d-afa6-7024-adeb-0f895a2145d4", "forget it"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        offer(verbs.add_parser("list", help="what is known, the most important first"), RecallSerializer)
        offer(verbs.add_parser("add", help="keep an insight"), InsightSerializer, first=["category", "text"])
        change = verbs.add_parser("change", help="change an insight; what is left out stays as it is")
        change.add_argument("id")
        offer(change, InsightSerializer, partial=True)
        verbs.add_parser("remove", help="forget an insight").add_argument("id")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        asked = given(options, RecallSerializer)
        limit = asked.pop("limit")
        found = list(insights.recall_insights(**asked)[:limit])
        if options["json"]:
            self.print_json(InsightSerializer(found, many=True).data)
            return
        rows = [[item.priority, item.confidence, item.category, item.about or "-", item.pk, item] for item in found]
        self.table(["priority", "confidence", "category", "about", "id", "text"], rows)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(insights.add_insight(**given(options, InsightSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        self._done(insights.change_insight(insight_id=options["id"], **given(options, InsightSerializer)), options)

    def do_remove(self, options: dict[str, Any]) -> None:
        insights.remove_insight(insight_id=options["id"])
        self.print_json({"removed": options["id"]}) if options["json"] else self.stdout.write("[OK] forgotten")

    def _done(self, insight: Insight, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(InsightSerializer(insight).data)
        else:
            self.stdout.write(f"[OK] {insight.pk}: {insight}")
