"""`manage.py policies`: whom bugs call, and when."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from escalation.models import Policy
from escalation.policies import policies
from escalation.policies.serializers import NewPolicySerializer, PolicySerializer, PolicyUpdateSerializer

STEP = '{"delay_minutes": 0, "targets": [{"channel": "ops-mail"}]}'


class Command(OperationCommand):
    help = "Say whom a bug calls that waits for somebody, after how long, and how often again."
    examples = (
        (f"policies add day-and-night --step '{STEP}' --renotify-minutes 15", "call until somebody takes notice"),
        ("policies list", "the policies there are"),
        ("policies show day-and-night", "with its steps"),
        ("policies change day-and-night --ack-timeout-minutes 120", "what is left out stays"),
        ("policies remove day-and-night", "what runs already goes on to its end"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the policies there are, in the order in which they are tried")
        verbs.add_parser("show", help="one with its steps").add_argument("name")
        fields = NewPolicySerializer().fields.keys() - {"is_active"}
        offer(verbs.add_parser("add", help="add a policy"), NewPolicySerializer, first=["name"], only=fields)
        changing = verbs.add_parser("change", help="change it; what is left out stays as it is")
        changing.add_argument("name")
        offer(changing, PolicyUpdateSerializer, partial=True, only=fields)
        switch = changing.add_mutually_exclusive_group()
        switch.add_argument("--on", dest="is_active", action="store_const", const=True, default=None, help="use it")
        switch.add_argument("--off", dest="is_active", action="store_const", const=False, help="leave it alone")
        verbs.add_parser("remove", help="remove it").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = list(policies.list_policies().order_by("position", "id"))
        if options["json"]:
            self.print_json(PolicySerializer(found, many=True).data)
            return
        rows = [
            [each.position, each.name, "on" if each.is_active else "off", ", ".join(each.priorities), len(each.steps)]
            for each in found
        ]
        self.table(["position", "name", "standing", "priorities", "steps"], rows)

    def do_show(self, options: dict[str, Any]) -> None:
        self.print_json(PolicySerializer(policies.find_policy(name=options["name"])).data)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(policies.add_policy(**given(options, NewPolicySerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        changes = given(options, PolicyUpdateSerializer)
        changes = {name: value for name, value in changes.items() if name != "is_active" or value is not None}
        self._done(policies.change_policy(name=options["name"], **changes), options)

    def do_remove(self, options: dict[str, Any]) -> None:
        policies.remove_policy(name=options["name"])
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write("[OK] removed")

    def _done(self, policy: Policy, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(PolicySerializer(policy).data)
        else:
            self.stdout.write(f"[OK] {policy.name}: {len(policy.steps)} steps for {', '.join(policy.priorities)}")
