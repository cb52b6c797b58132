"""One `manage.py up` as a person starts it, in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

from tests.services.stack import ROOT
from tests.services.throwaway import free_port


class Service:
    """One `manage.py up` with a data directory of its own."""

    cwd = "/"
    """The folder it is started in."""

    def __init__(self, folder: Path, root: Path = ROOT, **environment: str) -> None:
        self.folder, self.root = folder, root
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        self.env |= {"DATA_DIR": str(folder), "PORT": str(self.port), "HOST": "127.0.0.1"}
        for inherited in ("DATABASE_URL", "CELERY_BROKER_URL"):
            self.env.pop(inherited, None)
        self.env |= environment
        self.command = [sys.executable, str(root / "manage.py")]
        self.process: subprocess.Popen[bytes] | None = None
        self.output = folder / "output"

    def start(self) -> "subprocess.Popen[bytes]":
        command = [*self.command, "up"]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, env=self.env, cwd=self.cwd, stdout=output, stderr=output)
        return self.process

    def get(self, path: str, key: str = "", body: object = None) -> tuple[int, Message, bytes]:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        data = None
        if body is not None:
            headers |= {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
            data = json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=240) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def answers(self) -> bool:
        try:
            return self.get("/health/live")[0] == 200
        except OSError:
            return False

    def key(self) -> str:
        return re.search(r"API key +(hr_\S+)", self.output.read_text()).group(1)  # type: ignore[union-attr]

    def children(self) -> dict[str, int]:
        """The children's pids by name."""
        assert self.process is not None
        listed = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        return {found[2]: int(found[1]) for found in re.finditer(r"(\d+) .*config\.serving\.child (\w+)", listed)}

    def is_complete(self) -> bool:
        return {"web", "worker", "beat"} <= set(self.children()) and b'"worker", "status": "ok"' in self.get(
            "/health/ready"
        )[2]

    def strike(self, victim: str) -> int:
        """SIGKILL a child; its pid."""
        pid = self.children()[victim]
        os.kill(pid, signal.SIGKILL)
        return pid

    def recovered(self, victim: str, pid: int) -> bool:
        """Whether another has taken its place and the service is whole again."""
        try:
            return self.children().get(victim, pid) != pid and self.is_complete()
        except OSError:
            return False

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
