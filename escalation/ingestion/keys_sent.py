"""Where an SDK says its project's public key: in a header, in the query, or in the DSN of the envelope's header."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_KEY = re.compile(r"[0-9a-f]{32}")
_IN_HEADER = re.compile(r"(?:^|[\s,])sentry_key\s*=\s*([^\s,]+)")


def public_key(
    *, headers: Mapping[str, str], query: Mapping[str, str], envelope: Mapping[str, Any] | None = None
) -> str:
    """The key as it was sent, in the order SDKs mean it; empty when there is none that could be one."""
    said = headers.get("X-Sentry-Auth") or headers.get("Authorization") or ""
    in_header = _IN_HEADER.search(said) if said.lower().startswith("sentry") else None
    found = in_header[1] if in_header else query.get("sentry_key") or _of_dsn((envelope or {}).get("dsn"))
    return found if _KEY.fullmatch(found) else ""


def _of_dsn(dsn: Any) -> str:
    if not isinstance(dsn, str):
        return ""
    try:
        return urlsplit(dsn).username or ""
    except ValueError:
        return ""
