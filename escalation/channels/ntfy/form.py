"""What an ntfy channel asks for."""

import re
from typing import Any

from config.errors import FieldError
from escalation.channels.asking import Ask, Problems, a_line, an_address

_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")


def _topic(field: str, value: Any) -> Problems:
    if not isinstance(value, str) or not _TOPIC.fullmatch(value):
        yield FieldError(field=field, code="topic", detail="Must have 1 to 64 letters, digits, - and _.")


ASKS = {
    "url": Ask(text="the server, such as https://ntfy.sh", check=an_address),
    "topic": Ask(text="the topic that telephones subscribe to", check=_topic),
    "token": Ask(text="an access token, where the topic needs one", check=a_line, is_secret=True, is_required=False),
}
