"""`manage.py alerts`: what of the trail opens a bug or sends a message."""

from typing import Any

from django.core.management.base import CommandParser

from config.arguments import given, offer
from config.commands import OperationCommand
from escalation.alerts import alerts
from escalation.alerts.serializers import AlertSerializer, AlertUpdateSerializer, NewAlertSerializer, TriedSerializer
from escalation.models import Alert


class Command(OperationCommand):
    help = "Say which events of the trail, after how many of them, open a bug or send a message."
    examples = (
        ("alerts list", "those that ship, and yours"),
        ("alerts change approval-requested --channel ops-mail --on", "ask people by mail what agents wait for"),
        (
            "alerts add no-backups --event-type backup.removed --message 'Backup {entity_id} is gone' --bug-impact low",
            "open a bug that counts them",
        ),
        ("alerts show calls-denied", "when it fires, and what it says then"),
        ("alerts test backup-failed", "see that it reaches somebody"),
        ("alerts change calls-denied --off", "leave it alone"),
        ("alerts remove no-backups", "those that ship are turned off instead"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="the alerts there are")
        fields = NewAlertSerializer().fields.keys() - {"is_active"}
        adding = verbs.add_parser("add", help="add an alert")
        offer(adding, NewAlertSerializer, first=["name"], only=fields)
        changing = verbs.add_parser("change", help="change it; what is left out stays as it is")
        changing.add_argument("name")
        offer(changing, AlertUpdateSerializer, partial=True, only=fields)
        switch = changing.add_mutually_exclusive_group()
        switch.add_argument("--on", dest="is_active", action="store_const", const=True, default=None, help="use it")
        switch.add_argument("--off", dest="is_active", action="store_const", const=False, help="leave it alone")
        for name, text in (
            ("show", "one with all it says"),
            ("test", "do what it does when it fires, said to be a test"),
            ("remove", "remove one that does not ship"),
        ):
            verbs.add_parser(name, help=text).add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_list(self, options: dict[str, Any]) -> None:
        found = list(alerts.list_alerts())
        if options["json"]:
            self.print_json(AlertSerializer(found, many=True).data)
            return
        rows = [[each.name, "on" if each.is_active else "off", each.event_type, _does(each)] for each in found]
        self.table(["name", "standing", "event", "does"], rows)

    def do_show(self, options: dict[str, Any]) -> None:
        self.print_json(AlertSerializer(alerts.find_alert(name=options["name"])).data)

    def do_add(self, options: dict[str, Any]) -> None:
        self._done(alerts.add_alert(**given(options, NewAlertSerializer)), options)

    def do_change(self, options: dict[str, Any]) -> None:
        changes = given(options, AlertUpdateSerializer)
        changes = {name: value for name, value in changes.items() if name != "is_active" or value is not None}
        self._done(alerts.change_alert(name=options["name"], **changes), options)

    def do_test(self, options: dict[str, Any]) -> None:
        tried = alerts.try_alert(name=options["name"])
        if options["json"]:
            self.print_json(TriedSerializer(tried).data)
            return
        opened = f"opened {tried.bug.bug_id}; " if tried.bug else ""
        self.stdout.write(f"[OK] {opened}{len(tried.deliveries)} messages are on their way: `deliveries list`")

    def do_remove(self, options: dict[str, Any]) -> None:
        alerts.remove_alert(name=options["name"])
        self.print_json({"removed": options["name"]}) if options["json"] else self.stdout.write("[OK] removed")

    def _done(self, alert: Alert, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(AlertSerializer(alert).data)
        else:
            standing = "on" if alert.is_active else "off"
            self.stdout.write(f"[OK] {alert.name}: {standing}, at {alert.event_type} {_does(alert)}")


def _does(alert: Alert) -> str:
    """What it does, in a few words."""
    bug = [f"a {alert.bug_impact} bug"] if alert.bug_impact else []
    return ", ".join([*bug, *alert.channels]) or "nothing yet"
