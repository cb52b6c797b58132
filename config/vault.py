"""Secrets at rest: AES-256-GCM, each sealed to its table, column and row, under a key that has a name.

A token is `v1.<key id>.<base64url(nonce, ciphertext, tag)>` and goes into a text column; of bytes it is bytes, without
base64. Who copies it to another row, column or key id gets nothing. The keys are CREDENTIAL_KEYS, the first seals; the
others still open what they sealed. Each row needs its UUID before it is saved, since the token is bound to it.
"""

import base64
import binascii
import hmac
import os
from functools import cache
from typing import Any, Never
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from config.errors import Unavailable
from config.home import missing
from config.installation import NoInstallation

VERSION = "v1"
NONCE_BYTES = 12  # random; NIST SP 800-38D allows 2**32 seals under one key
_SEPARATOR = "\x1f"
_SHOWN_FROM = 12  # a shorter secret's last four would give too much of it away


class SecretUnreadable(Unavailable):
    """A sealed secret that cannot be opened: another row's, altered, or sealed under a key that is not here."""

    code = "secret-unreadable"
    remedy = "give the process the key the secret was sealed under, or enter the secret again"


class Secret:
    """A text that shows itself to nobody: not in logs, tracebacks, JSON or pickles. `reveal()` is the only way out."""

    __slots__ = ("__value",)
    __value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_Secret__value", value)

    def reveal(self) -> str:
        """The text itself; call it where it is used, and keep it in no variable that outlives the call."""
        return self.__value

    @property
    def last_four(self) -> str:
        """What may be shown for people to recognise it; empty for a short secret."""
        return self.__value[-4:] if len(self.__value) >= _SHOWN_FROM else ""

    def __str__(self) -> str:
        return f"****{self.last_four}"

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash would tell equal secrets apart from others

    def __setattr__(self, name: str, value: Any) -> Never:
        raise TypeError("A secret does not change.")

    def __reduce_ex__(self, protocol: Any) -> Never:
        raise TypeError("A secret is not serialised.")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: Any) -> "Secret":
        return self


def seal(plain: str, *, table: str, column: str, row: UUID | str) -> str:
    """The token of a text for one place in the database, under the active key."""
    kid = active_key_id()
    master = settings.CREDENTIAL_KEYS[kid]
    return _seal(plain, kid, master, os.urandom(NONCE_BYTES), _place(table, column, row))


def unseal(token: str, *, table: str, column: str, row: UUID | str) -> Secret:
    """The secret of a token that was sealed for this place. Raises SecretUnreadable, never with the value."""
    version, _, rest = token.partition(".")
    kid, _, body = rest.partition(".")
    plain = _opened(version, kid, _decode(body), (table, column, row))
    try:
        return Secret(plain.decode())
    except UnicodeDecodeError:
        raise _unreadable(table, column, row, "it is no text") from None


def seal_bytes(plain: bytes, *, table: str, column: str, row: UUID | str) -> bytes:
    """The token of bytes, for a binary column: what is large, or no text."""
    kid = active_key_id()
    nonce, place = os.urandom(NONCE_BYTES), _place(table, column, row)
    return f"{VERSION}.{kid}.".encode() + _encrypted(plain, kid, settings.CREDENTIAL_KEYS[kid], nonce, place)


def unseal_bytes(token: bytes, *, table: str, column: str, row: UUID | str) -> bytes:
    """The bytes of a token that was sealed for this place. Raises SecretUnreadable, never with them."""
    version, _, rest = token.partition(b".")
    kid, _, sealed = rest.partition(b".")
    return _opened(version.decode("ascii", "replace"), kid.decode("ascii", "replace"), sealed, (table, column, row))


def reseal(token: str, *, table: str, column: str, row: UUID | str) -> str:
    """The same secret under the active key; the same token when it is already. Raises SecretUnreadable."""
    secret = unseal(token, table=table, column=column, row=row)
    return token if key_id(token) == active_key_id() else seal(secret.reveal(), table=table, column=column, row=row)


def key_id(token: str) -> str:
    """The name of the key a token is sealed under; empty when it is no token."""
    parts = token.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == VERSION else ""


def active_key_id() -> str:
    """The name of the key that seals. Raises NoInstallation."""
    for kid in settings.CREDENTIAL_KEYS:
        return str(kid)
    raise NoInstallation(missing(settings.DATA_DIR))


def _seal(plain: str, kid: str, master: bytes, nonce: bytes, place: str) -> str:
    sealed = _encrypted(plain.encode(), kid, master, nonce, place)
    return f"{VERSION}.{kid}.{base64.urlsafe_b64encode(sealed).rstrip(b'=').decode()}"


def _encrypted(plain: bytes, kid: str, master: bytes, nonce: bytes, place: str) -> bytes:
    return nonce + AESGCM(_row_key(kid, master)).encrypt(nonce, plain, _bound(kid, place))


def _opened(version: str, kid: str, sealed: bytes, where: tuple[str, str, UUID | str]) -> bytes:
    place = _place(*where)
    master = settings.CREDENTIAL_KEYS.get(kid)
    if version != VERSION or master is None or len(sealed) < NONCE_BYTES:
        reason = "it is not a token of ours" if version != VERSION else f"key {kid[:32]!r} is not in CREDENTIAL_KEYS"
        raise _unreadable(*where, reason if master is None else "it is cut off or altered")
    try:
        return AESGCM(_row_key(kid, master)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(kid, place))
    except InvalidTag:
        # `from None`: the frames of the failed call hold bytes that belong in no report.
        raise _unreadable(*where, f"it was not sealed for this row under key {kid!r}") from None


@cache
def _row_key(kid: str, master: bytes) -> bytes:
    """HKDF (RFC 5869): the master itself never meets a message, and two ids never share a key."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"devtools/credentials/{kid}".encode()).derive(master)


def _place(table: str, column: str, row: UUID | str) -> str:
    parts = (table, column, str(row))
    if not all(parts) or any(_SEPARATOR in part for part in parts):
        raise ValueError("A secret is sealed for a table, a column and a row; none may be empty.")
    return _SEPARATOR.join(parts)


def _bound(kid: str, place: str) -> bytes:
    return f"{VERSION}.{kid}{_SEPARATOR}{place}".encode()


def _decode(body: str) -> bytes:
    """Canonical base64url only: bits that are ignored would let two texts stand for one token."""
    try:
        sealed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return sealed if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode() == body else b""


def _unreadable(table: str, column: str, row: UUID | str, reason: str) -> SecretUnreadable:
    fix = "Restore the key in CREDENTIAL_KEYS, or enter the secret anew."
    return SecretUnreadable(f"The secret {table}.{column} of row {row} cannot be opened: {reason}. {fix}")
