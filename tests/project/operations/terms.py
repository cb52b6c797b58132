"""What the table of operations is written in, and the reasons that many operations share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BUDGET = "twenty tools and 4,000 tokens are the budget; an agent that needs it asks by REST"
READ = "the admin's own lists and pages show it"
PERSON = "a person decides it, not an agent"
MACHINE = "only who is at the machine may, or has the files"
PROGRAM = "programs ask for it; a person sees the outcome in the admin"
PARTS = "its verbs and pages show the same by other words"
NARROW = "an agent narrows by fewer filters: each costs tokens in every list of tools"
FILTERS = "a shell narrows by the filters people use; the others are a program's"
PAGES = "REST has pages"
PAID = "an agent pays for what it reads"

SILENT = {
    ("mcp", "patterned"): "a pattern costs tokens in every list of tools; the operation refuses what does not fit",
    ("admin", "patterned"): "a form asks the operation in clean() and shows its words beside the field",
    ("admin", "least"): "as above",
    ("admin", "most"): "as above",
    ("admin", "item"): "a form holds a list as JSON or with commas",
    ("admin", "default"): "an empty field sends nothing, which is the operation's default",
    ("admin", "null"): "an empty field is null",
}
"""Parts of a field that a whole door leaves to the operation, and why."""

QUIET = {"most": "a longer filter finds nothing", "choices": "as above", "patterned": "as above"}
"""Limits that filters of a REST list leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`calls`: the functions, the operation first. `doors`: where it is; the names of the first one count.

    `without`: a door that does not offer it, and why. `names`: a door's own name -> the first door's. `own`, `lacks`
    and `differs`, by door and field: why it is nowhere else, why it is not there, why it is not the same.
    """

    calls: tuple[str, ...]
    doors: Mapping[str, str]
    without: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lacks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    differs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.calls[0]


def each(names: str, reason: str) -> dict[str, str]:
    """The same reason for several fields."""
    return dict.fromkeys(names.split(), reason)
