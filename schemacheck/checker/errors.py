"""What the engine refuses, in its own words; `schemacheck/refusals.py` says it in those of the service."""

from collections.abc import Mapping


class CheckError(Exception):
    """`detail` says what is wrong and what to do next; `fields` names what was given wrong, each with why in a word."""

    wait_seconds = 0
    """After how long it is worth asking again; 0 where waiting does not help."""

    def __init__(self, detail: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = dict(fields or {})


class InvalidCheck(CheckError):
    """A check that cannot be done as it was asked for."""


class InvalidPolicy(CheckError):
    """A setting that nobody knows, or of a value it cannot have."""


class InvalidBaseline(CheckError):
    """A file of findings to live with that cannot be read or written."""


class UnsupportedDatabase(CheckError):
    """A connection to a database whose rules the engine does not know."""


class TooLong(CheckError):
    """A script longer than whoever gave it may have checked."""


class DatabaseAway(CheckError):
    """The database was not there, or did not answer to the end."""


class ProjectFailed(CheckError):
    """A project whose migrations were asked about did not start, or gave no answer; `detail` holds its own words."""


class Busy(CheckError):
    """As many checks as may run at once are running."""

    wait_seconds = 5
