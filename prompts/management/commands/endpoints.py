"""`manage.py endpoints list|add|change|try|remove`: models that can be asked beside the one of the settings."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commandline.amounts import NOTHING, moment
from config.commands import OperationCommand
from prompts import endpoints
from prompts.models import Endpoint
from prompts.serializers.endpoints import (
    EndpointSerializer,
    EndpointUpdateSerializer,
    NewEndpointSerializer,
    TriedSerializer,
    TryEndpointSerializer,
)


class Command(OperationCommand):
    help = "Add models that can be asked as name/model, try them, remove them."
    examples = (
        ("endpoints add openai https://api.openai.com/v1 gpt-4o", "--key FILE has its key; - is standard input"),
        ("endpoints try openai", "one short question"),
        ("endpoints list", "what there is, and how the last try of each went"),
        ("endpoints change openai --model gpt-4.1", "what is left out stays"),
        ("endpoints remove openai", "with its key"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the endpoints there are")
        adding = verbs.add_parser("add", help="add an endpoint")
        offer(adding, NewEndpointSerializer, first=["name", "base_url", "model"], files=["key"])
        changing = verbs.add_parser("change", help="change an endpoint")
        changing.add_argument("name")
        offer(changing, EndpointUpdateSerializer, files=["key"], partial=True)
        trying = verbs.add_parser("try", help="ask it one short question")
        trying.add_argument("name")
        offer(trying, TryEndpointSerializer)
        removing = verbs.add_parser("remove", help="remove an endpoint with its key")
        removing.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = Endpoint.objects.order_by("name")
        rows = [[row.name, row.api, row.base_url, row.model, moment(row.tried_at), row.problem] for row in found]
        if options["json"]:
            self.print_json(EndpointSerializer(found, many=True).data)
        else:
            self.table(["name", "api", "address", "model", "tried", "problem"], rows)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(endpoints.add_endpoint(**_told(given(options, NewEndpointSerializer))), options)

    def do_change(self, options: dict[str, Any]) -> None:
        said = _told(given(options, EndpointUpdateSerializer))
        self._done(endpoints.change_endpoint(name=options["name"], **said), options)

    def do_try(self, options: dict[str, Any]) -> None:
        answer = endpoints.try_endpoint(name=options["name"], model=options["model"])
        told = f"[OK] {answer.model} answers in {answer.latency_ms} ms: {answer.text[:200]}"
        self.print_json(TriedSerializer(answer).data) if options["json"] else self.stdout.write(told)

    def do_remove(self, options: dict[str, Any]) -> None:
        endpoints.remove_endpoint(name=options["name"])
        told = f"[OK] {options['name']} is gone"
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write(told)

    def _done(self, endpoint: Endpoint, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(EndpointSerializer(endpoint).data)
        else:
            key = f"a key that ends in {endpoint.key_ends}" if endpoint.key_ends else NOTHING
            self.stdout.write(f"[OK] {endpoint.name}/{endpoint.model} at {endpoint.base_url}, key: {key}")


def _told(said: dict[str, Any]) -> dict[str, Any]:
    """A key in a file ends with a line."""
    return {**said, "key": said["key"].strip()} if "key" in said else said
