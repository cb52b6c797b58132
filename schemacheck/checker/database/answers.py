"""What a server answers that is no result."""

from typing import NamedTuple


class ServerError(NamedTuple):
    """What the server said against a text; `position` is a character of it, from 1."""

    sqlstate: str
    message: str
    hint: str
    position: int | None
