"""The signature of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 of id, time and body, version v1."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
MOST_SECRETS = 2
"""The one of before signs too, until the receiver has the new one."""


def signatures(secrets: str, *, message_id: str, timestamp: int, body: bytes) -> str:
    """One for each secret, with a blank between."""
    keys = [key for part in secrets.split() if (key := key_of(part)) is not None]
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}" for key in keys)


def key_of(secret: str) -> bytes | None:
    """The bytes of a secret; None when it is none."""
    if not secret.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if 24 <= len(key) <= 64 else None
