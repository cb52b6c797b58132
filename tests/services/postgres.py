"""A throw-away PostgreSQL cluster on a free port.

with postgres() as database_url: ...
python -m tests.services.postgres -- COMMAND...                 # runs COMMAND with DATABASE_URL set
python -m tests.services.postgres --clusters 2 -- COMMAND...    # with as many in DATABASE_URLS, one for each process
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.services.throwaway import ServerMissing, find_program, free_port, ordinary_user, run_beside

BIN_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
# Nothing outlives the cluster, so nothing need reach the disk; `durable=True` keeps the real cost for measuring.
FORGETFUL = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
# The server is nobody's child, so a test run that is killed would leave it behind: this one ends it then.
WATCH = """
while kill -0 "$1" 2>/dev/null; do sleep 1; done
kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")" 2>/dev/null
sleep 1
rm -rf "$2"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A running cluster; `restart` serves the tests of lost connections."""

    bin: Path
    data: Path
    port: int
    user: str | None
    durable: bool = False

    @property
    def url(self) -> str:
        """What DATABASE_URL takes."""
        return f"postgres://handrail@127.0.0.1:{self.port}/handrail"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; its output is shown only when it fails."""
        with tempfile.TemporaryFile() as output:  # a pipe would stay open as long as the server it starts
            command = [str(self.bin / program), *arguments]
            code = subprocess.call(command, stdout=output, stderr=output, user=self.user, cwd="/")
            if code:
                output.seek(0)
                raise RuntimeError(f"{program} failed ({code}): {output.read().decode(errors='replace')[-2000:]}")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = ["-p", str(self.port), "-k", str(self.data), "-h", "127.0.0.1", "-c", "max_connections=200"]
        options += [] if self.durable else FORGETFUL
        log = str(self.data / "server.log")
        self.run("pg_ctl", "-D", str(self.data), "-w", "-t", "30", "-l", log, "-o", " ".join(options), "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `fast` breaks connections cleanly, `immediate` like a power cut."""
        self.run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def restart(self) -> None:
        """Break every connection and come back on the same port with the same data."""
        self.stop("fast")
        self.start()


@contextmanager
def cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """A fresh cluster, gone with all its data at the end. Raises ServerMissing."""
    initdb = find_program("initdb", *BIN_FOLDERS)
    if initdb is None:
        raise ServerMissing("PostgreSQL is not installed: apt-get install postgresql (or set DATABASE_URL).")
    user = ordinary_user("postgres")
    folder = Path(tempfile.mkdtemp(prefix="handrail-postgres-"))
    if user:
        shutil.chown(folder, user)
    watch = subprocess.Popen(
        ["sh", "-c", WATCH, "watch", str(os.getpid()), str(folder)],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    made = Cluster(bin=initdb.resolve().parent, data=folder / "data", port=free_port(), user=user, durable=durable)
    try:
        made.run("initdb", "-D", str(made.data), "-U", "handrail", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        made.start()
        made.run("createdb", "-h", "127.0.0.1", "-p", str(made.port), "-U", "handrail", "handrail")
        yield made
    finally:
        if (made.data / "postmaster.pid").exists():
            made.stop()
        watch.kill()
        watch.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres(clusters: int = 1, *, durable: bool = False) -> Iterator[str]:
    """The DATABASE_URL of a fresh cluster; of several, each behind a space."""
    with ExitStack() as stack:
        yield " ".join([stack.enter_context(cluster(durable=durable)).url for _ in range(clusters)])


def main(argv: list[str]) -> int:
    """Run the command beside one cluster, or beside as many as asked for."""
    if argv[:1] != ["--clusters"]:
        return run_beside(postgres, "DATABASE_URL", argv)
    return run_beside(partial(postgres, int(argv[1])), "DATABASE_URLS", argv[2:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
