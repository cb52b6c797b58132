"""Secrets at rest."""

import base64
import copy
import json
import pickle
import traceback
from pathlib import Path
from uuid import UUID

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from hypothesis import given
from hypothesis import strategies as st

from config import vault
from config.environment import credential_keys
from config.errors import DomainError
from config.vault import Secret, SecretUnreadable, active_key_id, key_id, reseal, seal, seal_bytes, unseal, unseal_bytes

MASTER = bytes(range(32))
ROW = UUID("018f6f3e-0000-7000-8000-000000000001")
PLACE = {"table": "escalation_integration", "column": "secret", "row": "7"}
ENCODED = base64.b64encode(MASTER).decode()

# Computed apart from this code: master 00..1f; (key id, nonce, column, row, text, token).
VECTORS = [
    (
        "k1",
        bytes(12),
        "secret",
        "7",
        "ghp_example_token",
        "v1.k1.AAAAAAAAAAAAAAAAoQuNqJP5tPepIWRPsXZQ2a6OLrSBBhCmGY515blcLXQd",
    ),
    (
        "k2",
        bytes(range(12)),
        "secret",
        "8",
        '{"user":"bob","password":"pä55"}',
        "v1.k2.AAECAwQFBgcICQoLq2MvpsIDtoRayMtrCxxGHh50M10Ne830RJn5drb9Wxk8xDe9xpLcZZQR6Egqbq4_dA",
    ),
    ("k1", bytes(range(12)), "secret", "7", "", "v1.k1.AAECAwQFBgcICQoLBEFDsPn7Z7C0VXHDMKHlyA"),
]


@pytest.fixture(autouse=True)
def _two_keys(settings):
    settings.CREDENTIAL_KEYS = {"k2": MASTER, "k1": MASTER}


@pytest.mark.parametrize(
    ("kid", "expected"),
    [
        ("k1", "412d06c1e0f7043f5d92175a5c1d16cb557a19b3d7b5218e07b9f3a9a316518f"),
        ("k2", "cfa48660ebb0af64018d1cae1838c06ddffe66686944fb8260cd7d8c5914e40d"),
    ],
)
def test_each_key_id_has_its_own_key(kid, expected):
    assert vault._row_key(kid, MASTER).hex() == expected


@pytest.mark.parametrize(("kid", "nonce", "column", "row", "text", "token"), VECTORS)
def test_the_vectors_hold_both_ways(kid, nonce, column, row, text, token):
    place = {"table": "escalation_integration", "column": column, "row": row}
    assert vault._seal(text, kid, MASTER, nonce, vault._place(**place)) == token
    assert unseal(token, **place).reveal() == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again_and_never_twice_to_the_same_token(text):
    place = {"table": "t", "column": "c", "row": ROW}
    one, other = seal(text, **place), seal(text, **place)
    assert one != other
    assert unseal(one, **place).reveal() == unseal(other, **place).reveal() == text
    assert len(text) < 8 or text not in one


@pytest.mark.parametrize("change", [{"table": "other"}, {"column": "password"}, {"row": "8"}, {"row": "77"}])
def test_a_token_opens_in_its_own_place_only(change):
    with pytest.raises(SecretUnreadable):
        unseal(seal("ghp_example_token", **PLACE), **PLACE | change)


@given(st.data())
def test_no_altered_token_opens(data):
    token = VECTORS[0][-1]
    position = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.=+/ \n") | st.characters(exclude_categories=["Cs"]))
    altered = token[:position] + other + token[position + 1 :]
    if altered != token:
        with pytest.raises(SecretUnreadable):
            unseal(altered, **PLACE)


@given(st.text(max_size=60) | st.from_regex(r"v1\.k[12]\.[A-Za-z0-9_-]{0,60}", fullmatch=True))
def test_any_other_text_is_refused_in_one_way(text):
    with pytest.raises(SecretUnreadable):
        unseal(text, **PLACE)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_no_shortened_token_opens(cut):
    with pytest.raises(SecretUnreadable):
        unseal(VECTORS[0][-1][:-cut], **PLACE)


def test_base64_must_be_canonical():
    token = VECTORS[1][-1]  # its last character carries four bits that count and two that must be zero
    place = PLACE | {"row": "8"}
    assert unseal(token, **place)
    for spelling in (token[:-1] + "B", token + "=", token + "==", token.replace("_", "/")):
        with pytest.raises(SecretUnreadable):
            unseal(spelling, **place)


def test_a_swapped_key_id_does_not_open():
    with pytest.raises(SecretUnreadable):
        unseal(VECTORS[0][-1].replace("v1.k1.", "v1.k2."), **PLACE)


def test_a_missing_key_is_named_and_nothing_of_the_secret_is(settings):
    token = seal("ghp_example_token", **PLACE)
    settings.CREDENTIAL_KEYS = {"k9": MASTER}
    with pytest.raises(SecretUnreadable, match="key 'k2' is not in CREDENTIAL_KEYS") as refused:
        unseal(token, **PLACE)
    assert "escalation_integration.secret of row 7" in refused.value.detail
    assert isinstance(refused.value, DomainError)
    settings.CREDENTIAL_KEYS = {"k2": bytes(32)}
    with pytest.raises(SecretUnreadable) as refused:
        unseal(token, **PLACE)
    told = "".join(traceback.format_exception(refused.value))
    assert "ghp_example_token" not in told
    assert token not in told
    assert refused.value.__suppress_context__


def test_rotation_moves_a_secret_to_the_active_key(settings):
    token = VECTORS[0][-1]
    assert (key_id(token), active_key_id()) == ("k1", "k2")
    moved = reseal(token, **PLACE)
    assert key_id(moved) == "k2"
    assert unseal(moved, **PLACE).reveal() == "ghp_example_token"
    assert reseal(moved, **PLACE) == moved
    settings.CREDENTIAL_KEYS = {"k2": MASTER}
    assert unseal(moved, **PLACE).reveal() == "ghp_example_token"
    with pytest.raises(SecretUnreadable):
        reseal(token, **PLACE)
    assert key_id("plain text") == ""


@pytest.mark.parametrize("change", [{"row": ""}, {"table": ""}, {"column": "a\x1fb"}])
def test_a_place_must_be_complete(change):
    with pytest.raises(ValueError, match="table, a column and a row"):
        seal("x", **PLACE | change)


def test_a_secret_shows_itself_to_nobody():
    secret = Secret("ghp_16C7e42F292c6912E")
    assert (str(secret), repr(secret), f"{secret}", f"{secret!r}") == ("****912E", "Secret(****912E)") * 2
    for show in (json.dumps, DjangoJSONEncoder().encode, pickle.dumps, vars, dict, list):
        with pytest.raises(TypeError):
            show(secret)
    assert "ghp_16" not in f"{secret!s:>40}{[secret]}{ {'a': secret} }"
    assert copy.deepcopy({"a": secret})["a"] is copy.copy(secret) is secret
    with pytest.raises(TypeError):
        secret.value = "x"
    with pytest.raises(TypeError):
        hash(secret)


def test_secrets_compare_by_value_and_only_with_secrets():
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
    assert str(Secret("short")) == "****"


@pytest.mark.parametrize(
    "text",
    [f"k2:{ENCODED},k1:{ENCODED}", f" k2:{ENCODED} , k1:{ENCODED}\n", json.dumps({"k2": ENCODED, "k1": ENCODED})],
)
def test_keys_come_from_the_environment_in_two_forms(monkeypatch, tmp_path, text):
    monkeypatch.setenv("CREDENTIAL_KEYS", text.strip())
    assert list(credential_keys(tmp_path / "credential_keys").items()) == [("k2", MASTER), ("k1", MASTER)]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    ["k1", "k1:", "k1:c2hvcnQ=", f":{ENCODED}", f"k.1:{ENCODED}", f"k1:{ENCODED},k1:{ENCODED}", ",", "{", '{"k1": 7}'],
)
def test_a_wrong_key_is_refused_without_being_told(monkeypatch, tmp_path, text):
    monkeypatch.setenv("CREDENTIAL_KEYS", text)
    with pytest.raises(ImproperlyConfigured, match="CREDENTIAL_KEYS") as refused:
        credential_keys(tmp_path / "credential_keys")
    assert ENCODED not in str(refused.value)


def test_a_key_is_made_once_for_its_owner_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("CREDENTIAL_KEYS", raising=False)
    path: Path = tmp_path / "data" / "credential_keys"
    first = credential_keys(path)
    assert credential_keys(path) == first
    assert list(first) == ["k1"]
    assert path.stat().st_mode & 0o777 == 0o600


@given(st.binary(max_size=300))
def test_bytes_are_sealed_without_base64_and_open_for_their_place_alone(plain):
    place = {"table": "t", "column": "c", "row": ROW}
    token = seal_bytes(plain, **place)
    assert len(token) < len(plain) + 50
    assert unseal_bytes(token, **place) == plain
    for other in (token[:-1], token[:-1] + bytes([token[-1] ^ 1]), b"v2" + token[2:], b"", b"v1.\xff." + token):
        with pytest.raises(SecretUnreadable):
            unseal_bytes(other, **place)
    with pytest.raises(SecretUnreadable):
        unseal_bytes(token, **place | {"row": "another"})
