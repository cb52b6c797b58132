"""Signed checkpoints in the C2SP forms."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.ledger.notes import BadNote, Head, key_id, parse_verifier_key, sign, verifier_key, verify

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
KEY = verifier_key("handrail.example", PUBLIC)
HEAD = Head(origin="handrail.example/audit", size=17, root=bytes(32))


def test_a_checkpoint_has_three_lines_a_blank_one_and_a_signature() -> None:
    lines = sign(HEAD, "handrail.example", PRIVATE).split("\n")
    assert lines[:4] == ["handrail.example/audit", "17", base64.b64encode(bytes(32)).decode(), ""]
    assert lines[4].startswith("\u2014 handrail.example ")
    assert base64.b64decode(lines[4].split(" ")[2])[:4] == key_id("handrail.example", PUBLIC)


def test_a_signed_checkpoint_reads_back() -> None:
    assert verify(sign(HEAD, "handrail.example", PRIVATE), KEY) == HEAD


def test_the_key_of_the_signed_note_specification_has_the_id_it_says() -> None:
    # The example verifier key of golang.org/x/mod/sumdb/note, from which the format comes.
    name, _ = parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert name == "PeterNeumann"


@pytest.mark.parametrize("old", ["17", "handrail.example/audit", base64.b64encode(bytes(32)).decode()])
def test_any_changed_line_breaks_the_signature(old: str) -> None:
    note = sign(HEAD, "handrail.example", PRIVATE).replace(old, "18" if old == "17" else old[:-2] + "E=", 1)
    with pytest.raises(BadNote):
        verify(note, KEY)


def test_a_note_of_another_signer_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(BadNote, match="no signature"):
        verify(sign(HEAD, "handrail.example", other), KEY)
    with pytest.raises(BadNote, match="no signature"):
        verify(sign(HEAD, "someone.else", PRIVATE), KEY)


@pytest.mark.parametrize("text", ["", "a\n\nb", "origin\nx\ny\n\n\u2014 handrail.example AAAA\n", "\x00", "a" * 10_000])
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        verify(text, KEY)


@pytest.mark.parametrize("text", ["", "a+b+c", KEY[:-4], KEY.replace("handrail", "Handrail")])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        parse_verifier_key(text)
