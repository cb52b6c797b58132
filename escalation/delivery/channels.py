"""Channels: making, changing and removing one, and a message to try it."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.trail import record
from config.errors import Conflict, DomainError, NotFound
from escalation import fields
from escalation.channels.kinds import kind_of
from escalation.delivery.queueing import queue_test
from escalation.fields import require
from escalation.models import Alert, Channel, Delivery, Kind, Maintenance, Person, Policy


class InvalidChannel(DomainError):
    code = "invalid-channel"


class ChannelNotFound(NotFound):
    code = "channel-not-found"


class ChannelExists(Conflict):
    code = "channel-exists"
    remedy = "choose another name, or change the channel that has it"


class ChannelInUse(Conflict):
    code = "channel-in-use"
    remedy = "take the channel out of the policies, alerts, maintenance or people that `detail` names first"


def add_channel(*, name: str, kind: str, details: Mapping[str, Any]) -> Channel:
    """Add a way to reach people or programs; what of `details` is secret is sealed and never shown again.

    Raises InvalidChannel for what its kind does not take, ChannelExists.
    """
    require(fields.check_slug("name", name), InvalidChannel)
    require(fields.check_choice("kind", kind, Kind.values), InvalidChannel)
    require(kind_of(kind).problems(details), InvalidChannel)
    channel = Channel(name=name, kind=kind)
    _take(channel, details)
    try:
        with transaction.atomic():
            channel.save(force_insert=True)
            _tell(channel, "channel.added", before=None)
    except IntegrityError as error:
        raise ChannelExists(f"A channel {name} exists. Choose another name, or change that one.") from error
    return channel


def change_channel(*, name: str, details: Mapping[str, Any] | None = None, is_active: bool | None = None) -> Channel:
    """Change some details, or turn it off or on. A secret that is left out, or empty, stays.

    Raises ChannelNotFound, InvalidChannel, SecretUnreadable.
    """
    whole = _changed(find_channel(name=name), details)  # which may ask the name service, so outside of a transaction
    with transaction.atomic():
        channel = find_channel(name=name, lock=True)
        before = channel.state()
        if whole is not None:
            _take(channel, whole)
        if is_active is not None:
            channel.is_active, channel.off_because, channel.failing_since = is_active, "", None
        channel.save()
        _tell(channel, "channel.changed", before=before)
    return channel


@transaction.atomic
def remove_channel(*, name: str) -> None:
    """Its deliveries and their log go with it. Raises ChannelNotFound, ChannelInUse."""
    channel = find_channel(name=name, lock=True)
    for what, users in _users(name):
        if users:
            raise ChannelInUse(f"{what} send by {name}: {', '.join(sorted(users))}. Take it out of them first.")
    _tell(channel, "channel.removed", before=channel.state(), gone=True)
    channel.delete()


@transaction.atomic
def try_channel(*, name: str) -> Delivery:
    """Send a message that says it is a test; the delivery tells what became of it. Raises ChannelNotFound."""
    return queue_test(find_channel(name=name))


def list_channels() -> QuerySet[Channel]:
    return Channel.objects.all()


def find_channel(*, name: str, lock: bool = False) -> Channel:
    """Raises ChannelNotFound."""
    rows = Channel.objects.select_for_update() if lock else Channel.objects.all()
    found = rows.filter(name=name).first()
    if found is None:
        raise ChannelNotFound(f"There is no channel {name[:80]}. GET /api/v1/escalation/channels lists them.")
    return found


def _changed(channel: Channel, details: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if details is None:
        return None
    said = {name: value for name, value in details.items() if value not in ("", None)}
    kind = kind_of(channel.kind)
    kept = channel.details if kind.secret_names() <= set(said) else channel.details | channel.secrets()
    whole: dict[str, Any] = kept | said  # a secret under a lost key is no hindrance to entering it anew
    require(kind.problems(whole), InvalidChannel)
    return whole


def _take(channel: Channel, given: Mapping[str, Any]) -> None:
    hidden = kind_of(channel.kind).secret_names()
    channel.details = {name: value for name, value in given.items() if name not in hidden}
    channel.seal({name: value for name, value in given.items() if name in hidden})


def _users(name: str) -> Iterator[tuple[str, list[str]]]:
    yield "Policies", Policy.objects.calling("channel", name)
    yield "Alerts", [alert.name for alert in Alert.objects.all() if name in alert.channels]
    yield "Maintenance", [row.name for row in Maintenance.objects.all() if name in row.channels]
    yield "People", [str(person) for person in Person.objects.all() if name in person.channels]


def _tell(channel: Channel, event_type: str, *, before: Mapping[str, Any] | None, gone: bool = False) -> None:
    now = None if gone else channel.state()
    record(event_type=event_type, entity_type="channel", entity_id=channel.name, old_value=before, new_value=now)
