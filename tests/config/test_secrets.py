"""One table of secrets, which logs, scrubbing, redaction and the model's door all blank."""

import time
from collections.abc import Callable

import pytest

from config.keys import PREFIX
from config.secrets import blank
from dockerdebug.redaction import Redactor
from prompts.provider import redact

DOORS = [blank, Redactor().text, redact]
NAMES = ["blank", "redaction", "provider"]
# Put together here, so that no scanner takes this file for a leak.
SHAPES = [
    PREFIX + "3kTq9ZxW5vB8nM2pR7sYcD4fG6hJ1lQa",
    "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "gho_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "ghs_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwx",
    "glpat-" + "abcdefghij0123456789",
    "sk-proj-" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "sk-ant-api03-" + "abcdefghijklmnop",
    "sk_live_" + "abcdefghij0123456789",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ABIA" + "IOSFODNN7EXAMPLE",
    "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "xoxb-" + "123456789012-abcdefghijkl",
    "xapp-" + "1-A0123-456789-abcdef",
    "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "pypi-" + "AgEIcHlwaS5vcmcCJGFiY2RlZmdo",
    "hvs." + "CAESIJ1234567890abcdefgh",
    "hvb." + "AAAAAQJ1234567890abcdefgh",
    "AGE-SECRET-KEY-" + "1QYQSZQGPQYQSZQGPQYQSZQGP",
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYBF\n-----END PGP PRIVATE KEY BLOCK-----",
    "-----BEGIN PRIVATE KEY-----\ncut off",
]
NAMED = [
    "password=SEKRET1 x",
    "db_passwd := SEKRET1",
    "password: 'SEKRET1', user='bob'",
    "SECRET_KEY=SEKRET1",
    "mysql --password SEKRET1 -h db",
    "run --api-key SEKRET1",
    "Authorization: Basic SEKRET1Og==",
    "headers={'Authorization': 'Bearer SEKRET1abc', 'X': 1}",
    "got Bearer SEKRET1abc",
    "Cookie: a=1; session=SEKRET1\nHost: x",
    '{"api_key": "SEKRET1", "n": 1}',
    "postgres://app:SEKRET1@db/x",
    "redis://:SEKRET1@cache:6379/0",
    "https://SEKRET1@host/repo.git",
    "amqp://u:p@SEKRET1@host/",
    "https://x.example/y?access_token=SEKRET1&z=1",
    "https://x.example/y?sv=2024&sig=SEKRET1%3D&z=1",
    "AccountName=a;AccountKey=SEKRET1+tq==;Suffix=x",
]
HARMLESS = [
    "Unexpected token: }",
    "KeyError: 'password'",
    "author: bob, secretary=eve",
    "token_limit=100, max_tokens=4096, tokens: 12",
    "Basic settings are wrong",
    "connect to https://example.org/path?page=2 failed",
    "a@b.example is not known",
    "[OK] 3 API keys work",
    "DB_PASSWORD_FILE=/run/secrets/db_password",
    "pulled digest sha256:24887b92e2afd4a2ac602419ad4b596372f67ac9b077190f459aba390faf0000",
    "run 0198c1f2-7d3e-7000-8000-000000000001 of prompt greet@3 passed 12 of 12",
    '127.0.0.1 "GET /api/v1/prompts?cursor=cD0xMA%3D%3D HTTP/1.1" 200',
]
every_door = pytest.mark.parametrize("door", DOORS, ids=NAMES)


@every_door
@pytest.mark.parametrize("secret", SHAPES)
def test_a_known_shape_is_blanked_wherever_it_stands(door: Callable[[str], str], secret: str) -> None:
    blanked = door(f"it said {secret} and stopped")
    assert blanked.startswith("it said ")
    assert not any(line in blanked for line in secret.splitlines())


@every_door
@pytest.mark.parametrize("text", NAMED)
def test_a_named_secret_is_blanked(door: Callable[[str], str], text: str) -> None:
    assert "SEKRET1" not in door(text)


@every_door
@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(door: Callable[[str], str], text: str) -> None:
    assert door(text) == text


@every_door
@pytest.mark.parametrize("text", [*SHAPES, *NAMED])
def test_blanking_twice_changes_nothing_more(door: Callable[[str], str], text: str) -> None:
    assert door(door(text)) == door(text)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY" * 3000,
        "?key" * 15_000,
        "&" + "a_" * 25_000,
        "a://" * 15_000,
        "https://" + "a@" * 25_000,
        "--token" * 8000,
        "eyJaaaaaaaa." * 5000,
        "hr_" * 20_000,
        "x-" * 30_000,
        "eyJaaaaaaaa-" * 5000,
    ],
)
def test_hostile_text_costs_little(text: str) -> None:
    started = time.process_time()
    blank(text)
    assert time.process_time() - started < 1
