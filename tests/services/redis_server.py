"""A throw-away Redis on a free port.

with redis() as broker_url: ...
python -m tests.services.redis_server -- COMMAND...         # runs COMMAND with CELERY_BROKER_URL set
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.services.throwaway import ServerMissing, find_program, free_port, run_beside


@contextmanager
def redis() -> Iterator[str]:
    """The CELERY_BROKER_URL of a fresh Redis that keeps nothing. Raises ServerMissing."""
    program = find_program("redis-server")
    if program is None:
        raise ServerMissing("Redis is not installed: apt-get install redis-server (or set CELERY_BROKER_URL).")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="handrail-redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"]
        server = subprocess.Popen([str(program), *options], stdout=subprocess.DEVNULL)
        try:
            _wait(port, server)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(10)


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("redis-server did not start")


if __name__ == "__main__":
    sys.exit(run_beside(redis, "CELERY_BROKER_URL", sys.argv[1:]))
