"""The API against its own OpenAPI schema: schemathesis, over HTTP, on a service that really runs.

    python -m tests.services.contract [--seed N] [--examples N] [--without PATH]    on DATABASE_URL, else on SQLite

Every run has another seed and prints it; the same seed makes the same requests. In CI the code itself is the seed: each
change is tried with requests of its own, and what failed there fails again here.
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.services.stack import ROOT, wait_until
from tests.services.throwaway import free_port

PACKAGES = ["config", "audit", "visioncache", "escalation", "prompts", "schemacheck", "dockerdebug"]
LONGEST_ANSWER_SECONDS = 60  # generous: it finds what hangs, not what a busy machine makes slow


class Fuzzed:
    """A service of its own: migrated, with the demo's data, one key and no throttle."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.folder, self.port = folder, free_port()
        inherited = ("DJANGO_SETTINGS_MODULE", "DATABASE_URL", "CELERY_BROKER_URL")
        self.env = {name: value for name, value in os.environ.items() if name not in inherited}
        self.env |= {
            "DATA_DIR": str(folder),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            **({"DATABASE_URL": database_url} if database_url else {}),
            "THROTTLE_RATE": "0/minute",
            "MODEL_BASE_URL": f"http://127.0.0.1:{free_port()}/v1",  # nobody listens there
            "BACKUP_SCHEDULE": "off",
        }
        self.log = (folder / "service.log").open("wb")
        self.manage("migrate", "-v", "0")
        self.service = subprocess.Popen(
            [sys.executable, "manage.py", "up"], env=self.env, cwd=ROOT, stdout=self.log, stderr=self.log
        )
        wait_until(self.answers, "the service answers")
        self.manage("demo")
        self.key = self.manage("apikey", "create", "contract", "--scope", "admin").strip()

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.env,
            cwd=ROOT,
            check=True,
            timeout=300,
            capture_output=True,
        )
        return done.stdout.decode()

    def answers(self) -> bool:
        if self.service.poll() is not None:
            raise AssertionError(f"The service ended:\n{self.said()}")
        return b"answers" in (self.folder / "service.log").read_bytes()

    def said(self) -> str:
        return (self.folder / "service.log").read_text(errors="replace")[-5000:]

    def stop(self) -> None:
        self.service.terminate()
        try:
            self.service.wait(240)
        finally:
            self.service.kill()
            self.log.close()


def fuzz(
    folder: Path, *, seed: int, examples: int, database_url: str = "", without: Sequence[str] = ()
) -> "subprocess.CompletedProcess[str]":
    """Start a service and let schemathesis at it, but for some paths; exit code 0 says that it found nothing."""
    target = Fuzzed(folder, database_url)
    try:
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("st")),
                *("--config-file", str(ROOT / "schemathesis.toml")),
                *("run", f"http://127.0.0.1:{target.port}/api/schema/"),
                *("--header", f"Authorization: Bearer {target.key}"),
                *("--seed", str(seed), "--max-examples", str(examples)),
                *("--max-response-time", str(LONGEST_ANSWER_SECONDS)),
                *("--request-timeout", str(2 * LONGEST_ANSWER_SECONDS)),
                *(option for path in without for option in ("--exclude-path", path)),
                "--continue-on-failure",
                "--no-color",
            ],
            env=target.env | {"PYTHONPATH": str(ROOT)},
            cwd=folder,  # it keeps what it found between runs; here nothing is left
            text=True,
            capture_output=True,
            check=False,
        )
    finally:
        target.stop()


def seed_of_the_code() -> int:
    """Another one for each change of the service, the same one for the same code."""
    code = hashlib.sha256()
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            code.update(file.read_bytes())
    return int.from_bytes(code.digest()[:4]) // 2


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    parser.add_argument("--examples", type=int, default=100, help="requests made up for each operation, at most")
    parser.add_argument("--without", action="append", default=[], help="a path to leave alone")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        done = fuzz(
            Path(folder),
            seed=asked.seed,
            examples=asked.examples,
            database_url=os.environ.get("DATABASE_URL", ""),
            without=asked.without,
        )
    print(done.stdout, done.stderr, f"Seed {asked.seed}", sep="\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
