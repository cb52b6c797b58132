"""A key that ends, ends at the very next request: on a connection that is kept, and whichever process ended it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import uvicorn
from django.conf import settings
from django.db import connection

from config.serving.asgi import application
from tests.services.stack import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "count_tokens", "arguments": {"text": "a"}},
}
MCP = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
WAYS = {
    "revoked": "from config.keys import revoke_key; revoke_key(name='read-key')",
    "expired": "from django.utils.timezone import now; from config.models import ApiKey as K; "
    "K.objects.update(expires_at=now())",
    "owner deactivated": "from django.contrib.auth.models import User; User.objects.update(is_active=False)",
    "deleted": "from config.models import ApiKey as K; K.objects.all().delete()",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The service in this process, on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        web = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_level="warning", ws="none"))
        thread = threading.Thread(target=web.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        web.should_exit = True
        thread.join()


def in_another_process(code: str) -> None:
    """Run it with a connection of its own to the database of the tests."""
    found = connection.settings_dict
    url = f"sqlite:///{found['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    environ = os.environ | {"DATABASE_URL": url, "DATA_DIR": str(settings.DATA_DIR)}
    command = [sys.executable, "-c", f"import django; django.setup(); {code}"]
    subprocess.run(command, env=environ, cwd=ROOT, check=True, timeout=120)


@pytest.mark.parametrize("way", WAYS)
def test_a_key_ends_at_the_next_request_of_a_kept_connection(address: str, key_for: Any, way: str) -> None:
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {key_for('read')}"}, timeout=60) as kept:

        def asked() -> list[int]:
            rest = kept.get("/api/v1/audit/events")
            return [rest.status_code, kept.post("/mcp", json=CALL, headers=MCP).status_code]

        for _ in range(3):
            assert asked() == [200, 200]
        in_another_process(WAYS[way])
        assert asked() == [401, 401]


def test_a_scope_that_was_lowered_holds_at_the_next_request(address: str, key_for: Any) -> None:
    body = {"event_type": "a.b", "entity_type": "c", "entity_id": "d"}
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {key_for('write')}"}, timeout=60) as kept:
        assert kept.post("/api/v1/audit/events", json=body).status_code == 201
        in_another_process("from config.models import ApiKey as K; K.objects.update(scope='read')")
        assert kept.post("/api/v1/audit/events", json=body).status_code == 403
