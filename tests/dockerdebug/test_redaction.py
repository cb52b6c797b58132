"""No secret comes out, and what is no secret stays readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.secrets import MARK
from dockerdebug.redaction import Redactor, plain

SECRETS = [
    ("PAYMENTS_API_KEY", "rk_live_51HqJ2kLmNoPqRsTu"),
    ("DB_PASSWORD", "correct-horse"),
    ("DB_PASSWORD", "12345"),
    ("REDIS_URL", "redis://:s3cr3t-pw@cache:6379/0"),
    ("BROKER", "amqp://shop:Rabbit-77@mq/vhost"),
    ("SIGNING_SALT", "pinch-of-salt"),
    ("SERVICE_ACCOUNT", '{"private_key": "-----BEGIN PRIVATE KEY-----\\nMIIE"}'),
    ("DEPLOY_PEM", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIOabcdefghijkl\n-----END EC PRIVATE KEY-----"),
    ("CI_JOB", "glpat-abcdefghij0123456789"),
    ("HOOK", "https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXXXXX"),
    ("ANYTHING", "Zk3vQ9xT7bLm2RwY8pNc4HsD"),
    ("CONNECTION", "Server=db;User=sa;Password=Tr0ub4dor&3;"),
    ("HTTPS_PROXY", "http://corp:pr0xy-pass@proxy:3128"),
    ("PIP_INDEX_URL", "https://robot:t0ken-77@pkg.corp/simple"),
    ("PIP_EXTRA_INDEX_URL", "https://t0ken-without-user@pkg.corp/simple"),
]
HARMLESS = [
    ("PATH", "/usr/local/bin:/usr/bin"),
    ("LC_ALL", "de_DE.UTF-8"),
    ("PYTHONUNBUFFERED", "1"),
    ("PYTHON_SHA256", "24887b92e2afd4a2ac602419ad4b596372f67ac9b077190f459aba390faf0000"),
    ("WEB_CONCURRENCY", "4"),
    ("FEATURE_X", "true"),
    ("RELEASE", "2.14.1"),
    ("DB_PASSWORD_FILE", "/run/secrets/db_password"),
    ("TOKEN_LIMIT", "20000"),
    ("HTTP_PROXY", "http://proxy.corp:3128"),
    ("PIP_INDEX_URL", "https://pkg.corp/simple"),
    ("VIRTUAL_ENV", "/opt/venv"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_is_not_shown(name: str, value: str) -> None:
    shown = Redactor({name: value}).variable(name, value)
    assert value not in shown
    assert "pw" not in shown.replace("<set", "")


@pytest.mark.parametrize(("name", "value"), HARMLESS)
def test_what_is_no_secret_is_shown(name: str, value: str) -> None:
    assert Redactor({name: value}).variable(name, value) == value


def test_what_is_not_on_the_list_is_only_counted() -> None:
    assert Redactor().variable("CUSTOMER", "Jane and sons") == "<set, 13 chars>"
    assert Redactor().variable("CUSTOMER", "") == ""


def test_the_password_of_a_url_is_taken_out_and_its_host_stays() -> None:
    redactor = Redactor({"REDIS_URL": "redis://:s3cr3t-pw@cache:6379/0"})
    assert (
        redactor.text("connecting to redis://:s3cr3t-pw@cache:6379/0") == f"connecting to redis://{MARK}@cache:6379/0"
    )


@pytest.mark.parametrize(("name", "value"), [pair for pair in SECRETS if not pair[0].startswith(("PIP_", "HTTPS_"))])
def test_a_secret_recurs_nowhere(name: str, value: str) -> None:
    redactor = Redactor({name: value})
    noise = {"log": f"start {value} end", "list": [{"deep": value}], value: 1, "number": 3, "none": None}
    assert value not in str(redactor.value(noise))


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def-123",
        "mysql --password hunter22 -h db",
        'config {"api_key": "abcdef123456"}',
        "GET /v1?token=abcdef123456&x=1",
        "export GH=ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN",
        "postgres://app:hunter22@db/app",
    ],
)
def test_token_shapes_are_taken_out_of_any_text(text: str) -> None:
    redacted = Redactor().text(text)
    assert MARK in redacted
    for secret in ("abc.def", "hunter22", "abcdef123456", "ghp_16C7", "dozjgNry"):
        assert secret not in redacted


def test_ordinary_text_stays_as_it_is() -> None:
    text = "ModuleNotFoundError: No module named 'secrets_manager' (author: Jane, key: value pairs, tokens: 12)"
    assert Redactor({"APP_ENV": "production", "AUTHOR": "Jane"}).text(text) == text


def test_terminal_escapes_and_direction_overrides_are_removed() -> None:
    assert plain("\x1b[31mred\x1b[0m\x1b]0;title\x07 a\x00b\u202ec\ud800") == "red abc"


def test_an_escape_does_not_hide_a_secret() -> None:
    redactor = Redactor({"DB_PASSWORD": "correct-horse"})
    assert "correct-horse" not in redactor.text("correct\x1b[0m-horse")


@given(
    st.text(min_size=5, max_size=40).filter(lambda text: not text.isspace()), st.text(max_size=20), st.text(max_size=20)
)
def test_a_named_secret_never_survives(secret: str, before: str, after: str) -> None:
    redactor = Redactor({"APP_PASSWORD": secret})
    if plain(secret) != secret or secret in MARK or secret in before + after:
        return
    harmless = secret.lower() == "false" or secret.startswith("/") or all(c in "0123456789.-" for c in secret)
    if not harmless:
        assert secret not in redactor.text(f"{before}{secret}{after}").replace(MARK, "")
