"""Runs a collector under the project's own Python, and takes its answer. The project's code runs: time is bounded."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from schemacheck.checker.errors import InvalidCheck, ProjectFailed
from schemacheck.projects import interpreter

COLLECTORS = Path(__file__).parent / "collectors"
TIME_LIMIT_SECONDS = 600.0
_GRACE_SECONDS = 5.0
"""For what left the group and still holds the pipe of the answer."""
_MOST_SAID = 64_000
_LAST_FRAMES = 4
_LAST_LINES = 15


@dataclass(slots=True, eq=False)
class Collecting:
    """A collector at work, until its block is left.

    Ours can be done meanwhile: importing the checker takes as long as a small project.
    """

    project: Path
    python: Path
    seconds: float
    _until: float
    _process: "subprocess.Popen[bytes]"
    _said: IO[bytes]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.end()

    def end(self) -> None:
        """The process ends, and all it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.communicate(timeout=_GRACE_SECONDS)
        if self._process.stdout:
            self._process.stdout.close()
        self._said.close()

    def answer(self) -> dict[str, Any]:
        """What the project has, as plain data. Raises ProjectFailed, InvalidCheck for what it does not have."""
        answer = self._read(self._wait())
        if refused := answer.get("refused"):
            raise InvalidCheck(refused["detail"], fields={refused["field"]: refused["code"]})
        if failed := answer.get("failed"):
            raise ProjectFailed(_why(self.project, self.python, answer, failed))
        return answer

    def _wait(self) -> bytes:
        try:
            return self._process.communicate(timeout=max(self._until - time.monotonic(), 0))[0]
        except subprocess.TimeoutExpired:
            raise ProjectFailed(
                f"{self.project} took more than {self.seconds:g} s to load and was ended. What it waits for may be a "
                f"network or a database; give it more with --time-limit.{self._last_words()}"
            ) from None

    def _read(self, out: bytes) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(out)
        except ValueError:
            raise ProjectFailed(
                f"{self.project} ended without an answer under {self.python} "
                f"(exit code {self._process.returncode}).{self._last_words()}"
            ) from None
        return answer

    def _last_words(self) -> str:
        self._said.seek(max(self._said.seek(0, os.SEEK_END) - _MOST_SAID, 0))
        lines = self._said.read().decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
        return "".join(f"\n    {line}" for line in lines)


def start(
    collector: str,
    asked: Mapping[str, Any],
    *,
    project: Path,
    python: str | None = None,
    seconds: float = TIME_LIMIT_SECONDS,
) -> Collecting:
    """Start a collector beside a project. Raises InvalidCheck where there is no such Python."""
    chosen = interpreter.find_python(python, project.resolve().parent)
    said = tempfile.TemporaryFile()  # noqa: SIM115  -- it lives as long as the answer is waited for
    with tempfile.TemporaryFile() as question:  # through a pipe it would come only when the answer is waited for
        question.write(json.dumps(dict(asked)).encode())
        question.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603  -- the Python of the project, which its owner named
                [str(chosen), str(COLLECTORS / "__main__.py"), collector],
                stdin=question,
                stdout=subprocess.PIPE,
                stderr=said,
                env=interpreter.environment(),
                start_new_session=True,
            )
        except OSError as error:
            said.close()
            raise InvalidCheck(f"{chosen} cannot be run: {error.strerror}. Name another with --python.") from error
    return Collecting(project, chosen, seconds, time.monotonic() + seconds, process, said)


def _why(project: Path, python: Path, answer: Mapping[str, Any], failed: Mapping[str, Any]) -> str:
    """The project's own exception, with its last frames."""
    frames = list(failed["frames"])
    own = [frame for frame in frames if not {"site-packages", "dist-packages"} & set(Path(frame[0]).parts)]
    shown = [f"\n    {file}:{line} in {name}" for file, line, name in (own or frames)[-_LAST_FRAMES:]]
    if failed.get("filename") and failed.get("lineno"):  # a SyntaxError is where no frame is
        shown.append(f"\n    {failed['filename']}:{failed['lineno']}")
    said = f"{failed['type']}: {failed['message']}".rstrip(": ")
    return (
        f"{project} does not start under {python} (Python {answer.get('python', '?')}): {said}{''.join(shown)}\n"
        f"    {_advice(failed)}"
    )


def _advice(failed: Mapping[str, Any]) -> str:
    if failed["type"] in ("ModuleNotFoundError", "ImportError"):
        return "Name the Python that has the project's packages with --python, or install them there."
    return "Give it what it needs in the environment, as its own commands get it, or other settings with --settings."
