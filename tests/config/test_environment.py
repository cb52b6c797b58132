"""What settings refuse at the start, instead of failing with the first request or job."""

import base64
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment, checked_broker, checked_seed, secret


def test_settings_that_would_fail_later_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    env = Environment()
    readers: dict[str, tuple[Callable[[], object], list[str]]] = {
        "WEB_THREADS": (lambda: env.whole("WEB_THREADS", 8, most=1000), ["0", "-3", "many", "1e3", "99999999999", ""]),
        "DEBUG": (lambda: env.switch("DEBUG"), ["maybe", "2"]),
        "THROTTLE_RATE": (lambda: env.rate("THROTTLE_RATE", "1/hour"), ["fast", "1/day", "-1/minute", "/minute", ""]),
        "PUBLIC_URL": (lambda: env.site("PUBLIC_URL", "http://a"), ["nonsense", "ftp://a", "http://", "http://[a"]),
        "AUDIT_RETENTION_DAYS": (lambda: env.days("AUDIT_RETENTION_DAYS"), ['{"*": "x"}', '{"*": 0}', "[1]", "{x"]),
        "MODEL_PRICES": (
            lambda: env.prices("MODEL_PRICES"),
            ['{"m": 7}', '{"m": [1]}', '{"m": [1, -2]}', '{"m": ["a", 1]}', "[1]", "{x"],
        ),
        "MODEL_API": (lambda: env.one_of("MODEL_API", ["openai"], or_path=True), ["gemini", "a..b", ".a", "a b.c"]),
        "CELERY_BROKER_URL": (
            lambda: checked_broker(secret("CELERY_BROKER_URL") or "database://"),
            ["rediss:/h", "http://user:hidden@h", "redis"],
        ),
        "AUDIT_SIGNING_KEY": (lambda: checked_seed(secret("AUDIT_SIGNING_KEY")), ["aGlkZGVu", "hidden!", "ключ"]),
    }
    for name, (read, values) in readers.items():
        for value in values:
            monkeypatch.setenv(name, value)
            with pytest.raises(ImproperlyConfigured, match=name) as refused:
                read()
            assert "hidden" not in str(refused.value)
        monkeypatch.delenv(name)
        read()


def test_sound_settings_are_read_as_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    env = Environment()
    for value, meant in {"on": True, "True": True, "1": True, "off": False, "no": False, "": False}.items():
        monkeypatch.setenv("DEBUG", value)
        assert env.switch("DEBUG") is meant
    monkeypatch.setenv("WEB_THREADS", " 3 ")
    assert env.whole("WEB_THREADS", 8) == 3
    monkeypatch.setenv("THROTTLE_RATE", "5/hour")
    assert env.rate("THROTTLE_RATE", "1/hour") == "5/hour"
    monkeypatch.setenv("PUBLIC_URL", "https://handrail.example/")
    assert env.site("PUBLIC_URL", "http://a") == "https://handrail.example"
    monkeypatch.setenv("AUDIT_RETENTION_DAYS", '{"*": 90}')
    assert env.days("AUDIT_RETENTION_DAYS") == {"*": 90}
    monkeypatch.setenv("MODEL_PRICES", '{"m": [2.5, 10]}')
    assert env.prices("MODEL_PRICES") == {"m": (2.5, 10.0)}
    monkeypatch.setenv("MODEL_API", "prompts.demo.Scripted")
    assert env.one_of("MODEL_API", ["openai"], or_path=True) == "prompts.demo.Scripted"
    assert checked_broker("amqp://user:word@host//") == "amqp://user:word@host//"
    assert checked_seed(base64.b64encode(bytes(32)).decode())
