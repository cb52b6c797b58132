"""The ledger's signing key: Ed25519, kept outside the database so that its owner cannot sign for us."""

import base64
import binascii
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audit.ledger.notes import verifier_key
from config import installation

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def name() -> str:
    """Who signs: the host people reach the service at."""
    return urlsplit(settings.PUBLIC_URL).hostname or "handrail"


def origin() -> str:
    """The first line of every checkpoint: which log it is of."""
    return f"{name()}/audit"


def public_key() -> str:
    """The verifier key to hand to auditors, once, by a way of its own."""
    return verifier_key(name(), private_key().public_key().public_bytes_raw())


def private_key() -> "Ed25519PrivateKey":
    """AUDIT_SIGNING_KEY, or the one made in DATA_DIR at first use."""
    return _load(settings.AUDIT_SIGNING_KEY, settings.DATA_DIR / "audit_signing_key")


@cache
def _load(configured: str, path: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not configured and not path.exists():
        _make(path)
    text = configured or path.read_text(encoding="ascii")
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError) as error:
        raise ImproperlyConfigured("AUDIT_SIGNING_KEY is not the base64 of a 32-byte Ed25519 seed.") from error


def _make(path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    installation.require()
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()))
    try:
        os.link(draft, path)  # never replaces the key another process made first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
