"""What settings refuse at the start, instead of failing with the first request or job."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment


def test_settings_that_would_fail_later_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    env = Environment()
    readers: dict[str, tuple[Callable[[], object], list[str]]] = {
        "WEB_THREADS": (lambda: env.whole("WEB_THREADS", 8, most=1000), ["0", "-3", "many", "1e3", "99999999999", ""]),
        "DEBUG": (lambda: env.switch("DEBUG"), ["maybe", "2"]),
        "THROTTLE_RATE": (lambda: env.rate("THROTTLE_RATE", "1/hour"), ["fast", "1/day", "-1/minute", "/minute", ""]),
        "PUBLIC_URL": (lambda: env.site("PUBLIC_URL", "http://a"), ["nonsense", "ftp://a", "http://", "http://[a"]),
        "AUDIT_RETENTION_DAYS": (lambda: env.days("AUDIT_RETENTION_DAYS"), ['{"*": "x"}', '{"*": 0}', "[1]", "{x"]),
    }
    for name, (read, values) in readers.items():
        for value in values:
            monkeypatch.setenv(name, value)
            with pytest.raises(ImproperlyConfigured, match=name):
                read()
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
