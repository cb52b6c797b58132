"""Whom the targets of a step reach: channels, and people by theirs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from escalation.models import Channel, Person, Schedule, Team
from escalation.models.people import PersonQuerySet
from escalation.oncall.duty import name_on_call

Target = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Each channel once, with whom it is for; and the targets by which nobody is reached."""

    targets: list[tuple[Channel, str]]
    missing: list[str]


def reach(targets: Iterable[Target], *, at: datetime) -> Reached:
    """A person who is reached by several targets gets one message by each channel."""
    found: dict[str, tuple[Channel, str]] = {}
    missing = []
    for target in targets:
        [(kind, name)] = target.items()
        reached = list(_channels_of(kind, name, at))
        if not reached:
            missing.append(f"{kind} {name}")
        for channel, recipient in reached:
            found.setdefault(channel.name, (channel, recipient))
    return Reached(targets=list(found.values()), missing=missing)


def known_names() -> dict[str, set[str]]:
    """What each kind of target can name."""
    return {
        "channel": set(Channel.objects.values_list("name", flat=True)),
        "person": set(Person.objects.values_list("user__username", flat=True)),
        "team": set(Team.objects.values_list("name", flat=True)),
        "schedule": set(Schedule.objects.values_list("name", flat=True)),
    }


def _channels_of(kind: str, name: str, at: datetime) -> Iterator[tuple[Channel, str]]:
    if kind == "channel":
        yield from ((channel, name) for channel in Channel.objects.filter(name=name))
        return
    for person in _people_of(kind, name, at).reachable().select_related("user"):
        yield from ((channel, person.name) for channel in Channel.objects.filter(name__in=person.channels))


def _people_of(kind: str, name: str, at: datetime) -> PersonQuerySet:
    if kind == "team":
        return Person.objects.filter(teams__name=name)
    if kind == "person":
        return Person.objects.named(name)
    schedule = Schedule.objects.filter(name=name).first()
    return Person.objects.named(name_on_call(schedule, at=at) if schedule else "")
