"""`manage.py apikey create|list|revoke`: the keys programs authenticate with."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from config.commandline.amounts import moment
from config.commands import OperationCommand
from config.home import PROGRAM
from config.keys import create_key, revoke_key
from config.models import ApiKey, Scope

LONGEST_DAYS = 36500


class Command(OperationCommand):
    help = "Create, list and revoke API keys. `create` prints the key alone on stdout, once."
    examples = (
        ("apikey create ci --scope write --expires-days 90", "a key for a program, printed once"),
        ("apikey list", "all keys, and when each was last used"),
        ("apikey revoke ci", "end it at once"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a key and print it")
        create.add_argument("name")
        create.add_argument("--scope", choices=Scope.values, default=Scope.READ)
        create.add_argument("--user", help="the user it belongs to; by default the first superuser")
        create.add_argument("--expires-days", type=int, help="days until it ends; by default never")
        verbs.add_parser("list", help="show all keys")
        verbs.add_parser("revoke", help="end a key").add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        {"create": self.create, "list": self.show, "revoke": self.revoke}[options["verb"]](options)

    def create(self, options: dict[str, Any]) -> None:
        days = options["expires_days"]
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            raise CommandError(f"--expires-days is 1 to {LONGEST_DAYS}, not {days}.")
        expires_at = timezone.now() + timedelta(days=days) if days is not None else None
        _, raw = create_key(
            name=options["name"], scope=options["scope"], user=_owner(options["user"]), expires_at=expires_at
        )
        self.stdout.write(raw)

    def show(self, options: dict[str, Any]) -> None:
        fields = ["name", "prefix", "scope", "user__username", "expires_at", "revoked_at", "last_used_at"]
        keys = list(ApiKey.objects.values(*fields))
        if options["json"]:
            self.print_json(keys)
        else:
            headers = ["name", "prefix", "scope", "user", "expires", "revoked", "last used"]
            self.table(headers, [[*list(key.values())[:4], *map(moment, list(key.values())[4:])] for key in keys])

    def revoke(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"[OK] {revoke_key(name=options['name']).name} is revoked")


def _owner(username: str | None) -> User:
    owners = User.objects.filter(username=username) if username else User.objects.filter(is_superuser=True)
    owner = owners.order_by("pk").first()
    if owner is None:
        raise CommandError(f"No such user. `{PROGRAM} up` or `{PROGRAM} createsuperuser` makes the first.")
    return owner
