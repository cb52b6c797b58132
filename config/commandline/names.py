"""A command has one name of a noun and its verb.

`audit export` is the command in `audit_export.py`: a verb may have a module of its own, so that `audit events` does not
import what `audit prove` needs. The name with the underscore works as well.
"""

from collections.abc import Collection, Sequence

from django.core.management import get_commands


def joined(words: Sequence[str], commands: Collection[str]) -> str | None:
    """The command that the first two words name together, if there is one."""
    if len(words) < 2:
        return None
    name = "_".join(words[:2]).replace("-", "_")
    return name if name in commands else None


def spoken(name: str) -> str:
    """A command's name as it is typed."""
    return name.replace("_", " ", 1)


def others(name: str) -> list[str]:
    """The commands of two words that begin with this one, as they are typed."""
    return sorted(spoken(item) for item in get_commands() if item.startswith(f"{name}_"))
