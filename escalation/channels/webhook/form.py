"""What a webhook asks for."""

from typing import Any

from config.errors import FieldError
from escalation.channels.asking import Ask, Problems, a_line, an_address
from escalation.channels.webhook.signature import MOST_SECRETS, key_of


def _secrets(field: str, value: Any) -> Problems:
    found = list(a_line(field, value))
    yield from found
    parts = value.split() if not found else []
    if not found and (len(parts) > MOST_SECRETS or any(key_of(part) is None for part in parts)):
        detail = "Must be whsec_ and the base64 of 24 to 64 random bytes; during a rotation two of them with a blank."
        yield FieldError(field=field, code="secret", detail=detail)


ASKS = {
    "url": Ask(text="where to, http:// or https://", check=an_address),
    "secret": Ask(
        text="whsec_ and the base64 of 24 to 64 random bytes, by which the receiver checks the signature",
        check=_secrets,
        is_secret=True,
    ),
}
