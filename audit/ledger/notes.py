"""Checkpoints as C2SP tlog-checkpoint text, signed as C2SP signed notes with Ed25519. Pure.

Sources: c2sp.org/tlog-checkpoint, c2sp.org/signed-note; existing verifiers and witnesses read them.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # 7 MB, loaded by who signs or verifies; most processes only read what is signed.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = b"\x01"
DASH = "\u2014"


class BadNote(ValueError):
    """The text is no checkpoint, or no signature of the key is on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a checkpoint says: how many leaves the tree of `origin` has, and its root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_id(name: str, public: bytes) -> bytes:
    """The first four bytes of SHA-256(name, newline, algorithm, key), as signed notes identify keys."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """The public key in the text form `name+hex id+base64`."""
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def parse_verifier_key(text: str) -> tuple[str, bytes]:
    """Name and public key of a verifier key. Raises BadNote."""
    name, _, rest = text.strip().partition("+")
    identity, _, encoded = rest.partition("+")
    raw = _decode(encoded)
    if raw[:1] != ED25519 or len(raw) != 33 or key_id(name, raw[1:]).hex() != identity:
        raise BadNote("Not a verifier key: `name+hex id+base64` of an Ed25519 public key.")
    return name, raw[1:]


def sign(head: Head, name: str, private: "Ed25519PrivateKey") -> str:
    """The signed note of a tree head."""
    return sign_text(head.text(), name, private)


def sign_text(text: str, name: str, private: "Ed25519PrivateKey") -> str:
    """The signed note of any text that ends with a newline."""
    public = private.public_key().public_bytes_raw()
    signature = key_id(name, public) + private.sign(text.encode())
    return f"{text}\n{DASH} {name} {base64.b64encode(signature).decode()}\n"


def verify(note: str, key: str) -> Head:
    """The tree head a note states, once the key's signature on it holds. Raises BadNote."""
    return parse_head(verify_text(note, key))


def verify_text(note: str, key: str) -> str:
    """The text of a note, once the key's signature on it holds. Raises BadNote."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, public = parse_verifier_key(key)
    body, separator, signatures = note.rpartition("\n\n")
    body += "\n"
    if not separator:
        raise BadNote("A signed note has a blank line before its signatures.")
    for line in signatures.splitlines():
        dash, signer, encoded = [*line.split(" "), "", "", ""][:3]
        if (dash, signer) != (DASH, name):
            continue
        raw = _decode(encoded)
        if raw[:4] != key_id(name, public):
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], body.encode())
        except InvalidSignature as error:
            raise BadNote(f"The signature of {name} does not fit the text.") from error
        return body
    raise BadNote(f"The note has no signature of {name}.")


def parse_head(body: str) -> Head:
    """The tree head in the lines of a checkpoint. Raises BadNote."""
    lines = body.split("\n")
    if len(lines) < 4 or not lines[0] or not (lines[1].isascii() and lines[1].isdigit()):
        raise BadNote("A checkpoint has an origin, a size and a root, each on its line.")
    root = _decode(lines[2])
    if len(root) != 32:
        raise BadNote("A checkpoint's root is 32 bytes in base64.")
    return Head(origin=lines[0], size=int(lines[1]), root=root)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("A part that should be base64 is not.") from error
