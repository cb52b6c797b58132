"""No secret passes, and what is none stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secrets import MARK, is_secret_name, scrub
from config.secrets import blank as scrub_text
from tests.patience import costs_little

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N"
SECRETS = [
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "glpat-abcdefghij0123456789",
    "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789",
    "sk-ant-api03-abcdefghijklmnop",
    "sk_live_abcdefghij0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefghijkl",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "pypi-AgEIcHlwaS5vcmcCJGFiY2RlZmdo",
    JWT,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\ncut off",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_known_shape_is_removed_wherever_it_stands(secret):
    assert secret not in scrub_text(f"it said {secret} and stopped")
    assert scrub({"note": [secret]}) == {"note": [MARK]}


@pytest.mark.parametrize(
    "text",
    [
        "password=SEKRET1 x",
        "password: 'SEKRET1', user='bob'",
        "db_passwd := SEKRET1",
        "headers={'Authorization': 'Bearer SEKRET1abc', 'X': 1}",
        "Authorization: Basic SEKRET1Og==",
        "got Bearer SEKRET1abc",
        "Cookie: a=1; session=SEKRET1\nHost: x",
        "X-Api-Key: SEKRET1",
        "postgres://app:SEKRET1@db/x",
        "https://SEKRET1@host/repo.git",
        "amqp://u:p@SEKRET1@host/",
        "https://x.example/y?access_token=SEKRET1&z=1",
        '{"client_secret_value": "SEKRET1", "n": 1}',
        r'body "{\"password\": \"SEKRET1\"}"',
        "AccountName=a;AccountKey=SEKRET1+tq==;Suffix=x",
        "PGPASSWORD=SEKRET1 psql",
        "run --password SEKRET1 --verbose",
        "<Client api_key='SEKRET1' retries=3>",
        "os.environ['API_KEY'] = 'SEKRET1'",
        "assert password == 'SEKRET1'",
        "    plaintext_password = 'SEKRET1 with blanks'",
        "SECRET_KEY=SEKRET1",
    ],
)
def test_a_named_secret_in_text_is_removed(text):
    assert "SEKRET1" not in scrub_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Unexpected token: }",
        "Unexpected token < in JSON at position 0",
        "KeyError: 'password'",
        '  File "auth.py", line 3, in token',
        "author: bob, secretary=eve",
        "token_limit=100, max_tokens=4096",
        "Basic settings are wrong",
        "password=None",
        "connect to https://example.org/path failed",
        "a@b.example is not known",
        "ValueError: 3 = 4",
    ],
)
def test_what_is_no_secret_stays(text):
    assert scrub_text(text) == text


def test_secrets_are_found_at_every_depth_and_by_parts_of_names():
    metadata = {
        "request": {"headers": {"Authorization": "abc", "Accept": "json"}},
        "vars": [{"client_secret_value": {"deep": "x"}}, {"my_token": 12345}],
        "pairs": [["Set-Cookie", "abc"], ["Host", "example.org"]],
        "items": [{"name": "api_key", "value": "abc"}, {"key": "color", "value": "red"}],
    }
    assert scrub(metadata) == {
        "request": {"headers": {"Authorization": MARK, "Accept": "json"}},
        "vars": [{"client_secret_value": MARK}, {"my_token": MARK}],
        "pairs": [["Set-Cookie", MARK], ["Host", "example.org"]],
        "items": [{"name": "api_key", "value": MARK}, {"key": "color", "value": "red"}],
    }


@pytest.mark.parametrize("value", [None, True, False])
def test_whether_a_secret_is_set_may_be_told(value):
    assert scrub({"password": value}) == {"password": value}


@pytest.mark.parametrize(
    "name", ["TOKEN_LIMIT", "SECRETARY", "AUTHOR", "AUTH_ENABLED", "SECRET_KEY_FILE", "PWD", "prompt_tokens", "KEYMAP"]
)
def test_a_name_about_a_secret_is_none(name):
    assert not is_secret_name(name)


def test_nesting_cannot_exhaust_the_stack():
    value: object = "x"
    for _ in range(5000):
        value = [value]
    assert MARK in str(scrub(value))


words = st.text(alphabet=" =:'\"\\pasword tokenbr.BeareBasic[]{}/@1;-\n", max_size=80) | st.text(max_size=80)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.just("password"), inner, max_size=4),
    max_leaves=12,
)


@given(words)
def test_scrubbing_a_text_twice_changes_nothing_more(text):
    once = scrub_text(text)
    assert scrub_text(once) == once


@given(json_values)
def test_scrubbing_a_value_twice_changes_nothing_more(value):
    once = scrub(value)
    assert scrub(once) == once


@given(
    st.sampled_from(["password", "api_key", "client_secret", "GITHUB_TOKEN", "Authorization"]),
    st.text(alphabet="abcXYZ0189", min_size=4, max_size=30),
    st.lists(st.sampled_from(["a", "vars", "headers"]), max_size=6),
)
def test_a_secret_under_its_name_never_passes(name, secret, path):
    value: object = {name: secret, "text": f"{name}={secret}", "repr": f"<C {name}='{secret}'>"}
    for step in path:
        value = {step: [value]}
    assert secret not in str(scrub(value)).replace(MARK, "")


@pytest.mark.parametrize(
    "text",
    ["password" * 6000, "a." * 20_000, "token_" * 8000, "eyJ" * 20_000, "-" * 50_000, "Basic " * 9000, "'key':" * 9000],
)
def test_hostile_text_costs_little(text):
    with costs_little():
        scrub_text(text)
