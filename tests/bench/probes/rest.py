"""REST requests through the WSGI door in process, as the web server's threads make them."""

import io
import json
import sys
from collections.abc import Callable

from django.contrib.auth.models import User

from audit.trail import record
from config.keys import create_key
from config.wsgi import application

EVENTS = "/api/v1/audit/events"
EVENT = {"event_type": "bench.made", "entity_type": "bench", "entity_id": "1", "new_value": {"text": "forty two"}}


def cases() -> dict[str, Callable[[], object]]:
    user = User.objects.create_superuser("bench", password="only for measuring")
    _, key = create_key(name="bench", scope="admin", user=user)
    for number in range(60):
        value = {"text": "forty two", "n": number}
        event = record(
            event_type="bench.made", entity_type="bench", entity_id=str(number), old_value={"n": -1}, new_value=value
        )
    return {
        "GET one event": lambda: ask(key, "GET", f"{EVENTS}/{event.uid}"),
        "GET 50 events": lambda: ask(key, "GET", EVENTS),
        "GET 50 events, two filters": lambda: ask(key, "GET", EVENTS, "entity_type=bench&event_type=bench.made"),
        "POST an event": lambda: ask(key, "POST", EVENTS, body=EVENT),
    }


def ask(key: str, method: str, path: str, query: str = "", body: object = None) -> bytes:
    """The answer's body; it must be a success."""
    raw = b"" if body is None else json.dumps(body).encode()
    told: list[str] = []
    parts = application(
        {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(raw)),
            "CONTENT_TYPE": "application/json",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_AUTHORIZATION": f"Bearer {key}",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(raw),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        },
        lambda status, headers, exc_info=None: told.append(status),
    )
    answer = b"".join(parts)
    parts.close()
    assert told[0].startswith("2"), (told, answer)
    return answer
