"""Checks a proof without Handrail: `python verify_proof.py PROOF CHECKPOINT PUBLIC_KEY`.

Needs only Python and the `cryptography` package; give this one file to whoever must not trust the service. PROOF is
what `manage.py audit prove` wrote, CHECKPOINT a signed checkpoint the auditor kept (or `-` for the one in the
proof), PUBLIC_KEY the verifier key the auditor was given. Exit codes: 0 it holds, 1 it does not, 2 it cannot be read.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    """The proof does not hold."""


def canonical(value: Any) -> bytes:
    """RFC 8785 for the values of an envelope and payload without fractions; those with some need `rfc8785`."""
    if _has_float(value):
        try:
            import rfc8785
        except ImportError as error:
            raise Refused("The payload has fractions: `pip install rfc8785` to check it.") from error
        return bytes(rfc8785.dumps(value))
    return json.dumps(_sorted(value), separators=(",", ":"), ensure_ascii=False).encode()


def _has_float(value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, float) or any(map(_has_float, inner))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value, key=lambda text: text.encode("utf-16-be"))}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def check_signature(note: str, key: str) -> tuple[int, bytes]:
    """Size and root of a checkpoint whose signature holds (C2SP signed note, Ed25519)."""
    name, identity, encoded = key.strip().split("+", 2)
    public = base64.b64decode(encoded)
    body, _, signatures = note.partition("\n\n")
    body += "\n"
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ", 2)
        raw = base64.b64decode(signature)
        if dash == "\u2014" and signer == name and raw[:4].hex() == identity:
            try:
                Ed25519PublicKey.from_public_bytes(public[1:]).verify(raw[4:], body.encode())
            except InvalidSignature as error:
                raise Refused("The checkpoint's signature does not fit.") from error
            _, size, root, *_ = body.split("\n")
            return int(size), base64.b64decode(root)
    raise Refused(f"The checkpoint is not signed by {name}.")


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(position: int, size: int, leaf: bytes, proof: list[bytes]) -> bytes:
    """RFC 9162 2.1.3.2."""
    index, last, found = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Refused("The inclusion proof is too long.")
        if index % 2 or index == last:
            found = node(sibling, found)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node(found, sibling)
        index, last = index >> 1, last >> 1
    if last or not 0 <= position < size:
        raise Refused("The inclusion proof is too short.")
    return found


def check_consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> None:
    """RFC 9162 2.1.4.2."""
    path = [old_root, *proof] if old & (old - 1) == 0 and old != new else list(proof)
    if old == new or not path:
        if old == new and old_root == new_root and not proof:
            return
        raise Refused("The consistency proof does not fit the two checkpoints.")
    index, last = old - 1, new - 1
    while index % 2:
        index, last = index >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Refused("The consistency proof is too long.")
        if index % 2 or index == last:
            first, second = node(sibling, first), node(sibling, second)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            second = node(second, sibling)
        index, last = index >> 1, last >> 1
    if last or first != old_root or second != new_root:
        raise Refused("The later tree does not begin with the earlier one: history was rewritten.")


def check_event(proof: dict[str, Any], checkpoint: str, key: str) -> str:
    """That the checkpoint holds the event with this payload."""
    size, root = check_signature(checkpoint, key)
    envelope, payload = proof["envelope"], proof["payload"]
    if payload is not None:
        hashed = hashlib.sha256(bytes.fromhex(proof["salt"]) + canonical(payload)).hexdigest()
        if hashed != envelope["payload_hash"]:
            raise Refused("The payload is not the one that was recorded.")
    leaf = hashlib.sha256(b"\x00" + canonical(envelope)).digest()
    inclusion = [bytes.fromhex(part) for part in proof["inclusion"]]
    if root_of(proof["position"], size, leaf, inclusion) != root:
        raise Refused("The checkpoint does not hold this event.")
    erased = "" if payload is not None else " (its payload is erased)"
    return f"event {envelope['uid']} is leaf {proof['position']} of {size}{erased}"


def check_history(proof: dict[str, Any], checkpoint: str, key: str) -> str:
    """That the tree of the auditor's checkpoint is the beginning of the later one."""
    old, old_root = check_signature(checkpoint, key)
    new, new_root = check_signature(proof["new_checkpoint"], key)
    if old != check_signature(proof["old_checkpoint"], key)[0]:
        raise Refused("The proof is about another checkpoint than the one given.")
    check_consistent(old, new, old_root, new_root, [bytes.fromhex(part) for part in proof["consistency"]])
    return f"the tree of {new} leaves begins with that of {old}"


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        proof = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        is_event = proof["format"] == "handrail-audit-proof-1"
        own = proof["checkpoint" if is_event else "old_checkpoint"]
        checkpoint = own if arguments[1] == "-" else Path(arguments[1]).read_text(encoding="utf-8")
        key = arguments[2]
        key = Path(key).read_text(encoding="utf-8") if Path(key).exists() else key
        told = (check_event if is_event else check_history)(proof, checkpoint, key)
    except Refused as refusal:
        print(f"[FAIL] {refusal}")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"[FAIL] cannot be read: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print(f"[OK] {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
