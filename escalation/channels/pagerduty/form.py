"""What a PagerDuty channel asks for."""

import re
from typing import Any

from config.errors import FieldError
from escalation.channels.asking import Ask, Problems, an_address

_KEY = re.compile(r"[A-Za-z0-9]{32}")


def _routing_key(field: str, value: Any) -> Problems:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        yield FieldError(field=field, code="key", detail="Must be the 32 letters and digits of an integration key.")


ASKS = {
    "routing_key": Ask(text="the integration key of Events API v2", check=_routing_key, is_secret=True),
    "url": Ask(text="of another region, such as https://events.eu.pagerduty.com", check=an_address, is_required=False),
}
