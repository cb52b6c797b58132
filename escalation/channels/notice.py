"""What is said to people and programs, before a channel gives it its form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message. `act_url` leads to where it is acknowledged without a login: who has it may, so it is a secret."""

    id: str
    type: str
    """Such as bug.escalated, for programs."""
    title: str
    text: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What stands beside the text, by name, in this order."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs."""
    url: str = ""
    act_url: str = field(default="", repr=False)
    answers: Sequence[str] = ()
    """The verbs that it may be answered by, such as acknowledge and resolve."""
    sent_at: int = 0
    """Seconds since 1970, of this try."""

    @property
    def ask(self) -> str:
        """What the link to it is called: Acknowledge or resolve."""
        return " or ".join(self.answers).capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a channel's row holds."""

    details: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
