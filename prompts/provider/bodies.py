"""What an endpoint's body says: JSON or not, an error whatever its status, and its words without secrets."""

import json
import re
from dataclasses import dataclass
from typing import Any

from config.secrets import MARK, blank

NO_JSON = object()


def read_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return NO_JSON


_MONEY = ("insufficient_quota", "insufficient_funds", "insufficient_balance", "insufficient_credit", "billing")
# "quota_exceeded" alone may be the minute's quota, which passes.


@dataclass(frozen=True, slots=True)
class Failure:
    """What an endpoint says went wrong, whatever the status it said it with."""

    message: str
    code: str
    status: int
    """The one the error names itself, as routers do behind a 200; 200 when it names none."""

    @property
    def is_about_money(self) -> bool:
        return any(word in self.code for word in _MONEY)


def failure_in(body: Any) -> Failure | None:
    """The error in a body: `{error}` of both APIs, one in a choice, `[{error}]`, or the bare `{message}` of some."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return None
    found = body.get("error") or _in_choice(body) or _bare(body)
    if not found:
        return None
    fields = found if isinstance(found, dict) else {"message": found}
    message, code, kind = fields.get("message"), fields.get("code"), fields.get("type")
    status = count(code) or count(fields.get("status")) or 200
    return Failure(
        message=message if isinstance(message, str) else "",
        code=f"{code} {kind}".lower(),
        status=status if 400 <= status < 600 else 200,
    )


def _in_choice(body: dict[str, Any]) -> Any:
    match body.get("choices"):
        case [dict(choice), *_]:
            return choice.get("error")
    return None


def _bare(body: dict[str, Any]) -> Any:
    """A body that is the error itself: words, and neither choices nor content."""
    words = body.get("message") or body.get("detail")
    bare = isinstance(words, str) and not body.get("choices") and "content" not in body
    return {**body, "message": words} if bare else None


def redact(text: str, key: str = "") -> str:
    """`text` without the key or any other secret, also where a vendor prints it shortened (`sk-...abcd`)."""
    if key:
        text = text.replace(key, MARK)
    return re.sub(r"\b(sk|key|pk)[-_][\w*.…-]{4,}|\*{4,}[\w-]*", MARK, blank(text))


def is_blank(text: str) -> bool:
    """Whether nothing in it can be seen: spaces, control characters, zero-width ones."""
    return not any(character.isprintable() and not character.isspace() for character in text)


def clean(text: str) -> str:
    """`text` as a database can hold it: NUL and lone surrogates become the replacement character."""
    return text.replace("\x00", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None
