"""Every kind of channel by its name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from config.errors import FieldError
from escalation.channels.asking import Ask
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome
from escalation.models import Kind

Send = Callable[[Notice, Given], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelKind:
    """What a kind asks for and how it sends."""

    asks: Mapping[str, Ask]
    send: Send

    def secret_names(self) -> set[str]:
        return {name for name, ask in self.asks.items() if ask.is_secret}

    def problems(self, given: Mapping[str, Any]) -> Iterator[FieldError]:
        """What is wrong with details and secrets together."""
        for name in sorted(set(given) - set(self.asks)):
            known = ", ".join(self.asks)
            yield FieldError(field=f"details.{name}", code="unknown", detail=f"Unknown. It has: {known}.")
        for name, ask in self.asks.items():
            if name in given:
                yield from ask.problems(f"details.{name}", given[name])
            elif ask.is_required:
                yield FieldError(field=f"details.{name}", code="required", detail=f"Is needed: {ask.text}")


def kind_of(name: str) -> ChannelKind:
    """A folder is loaded when its kind is first used: most processes send nothing."""
    folder = f"escalation.channels.{Kind(name).value}"
    asks: Mapping[str, Ask] = import_module(f"{folder}.form").ASKS
    send: Send = import_module(f"{folder}.transport").send
    return ChannelKind(asks=asks, send=send)
