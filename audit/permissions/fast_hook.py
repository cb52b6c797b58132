"""`manage.py hook AGENT` before Django: decides by the compiled rules, and fails closed whatever happens.

A child does the work and the parent only watches: an error, a crash of the process, or silence past the time limit
becomes exit code 2 with a sentence on stderr and the agent's own deny on stdout. Agents run the tool on most other
failures, some also on exit code 2 when stderr is empty.
"""

# pathlib and contextlib, with what they import, would be a tenth of a hook's time.

import math
import os
import re
import select
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

from config.home import PREFIX, PROGRAM, ROOT, SHARED_NAMES, folder, take_settings, variable

if TYPE_CHECKING:
    from audit.permissions.bounds import Bounds
    from audit.permissions.deciding import Decision
    from audit.permissions.hooks import Reply, Request, Way

BASE_DIR = folder()
BLOCK = 2
ANSWERED = 64
"""A child that has answered and wants the hook to end with a code adds this to it."""
TIMEOUT_SECONDS = 10.0
_MAX_ANSWER = 1_000_000


class _NothingInstalled(Exception):
    """There is nothing where the settings look."""


class _OnlyDjangoKnows(Exception):
    """The line of .env is written in a way that only Django's reader understands."""


def main(arguments: list[str]) -> NoReturn:
    """Answer the hook on stdin and exit."""
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):  # most agents run the tool of a hook that was killed
            signal.signal(number, _refuse)
        # Relative paths in the settings are the service's, whatever lies in the folder that the agent works in.
        os.chdir(BASE_DIR if os.path.isdir(BASE_DIR) else ROOT)
        if arguments[:1] in ([], ["-h"], ["--help"]):
            _start_django(arguments, b"")
        code = _watch(arguments)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else BLOCK
    except BaseException as error:  # noqa: BLE001  -- nothing at all may let the tool run
        _complain(f"{type(error).__name__}: {error}")
        _deny(arguments)
        code = BLOCK
    _leave(code)


def _refuse(number: int, frame: object) -> NoReturn:
    _complain(f"ended by signal {number}")
    os._exit(BLOCK)


def _watch(arguments: list[str]) -> int:
    """Let a child answer; pass its answer on only when it ended well and in time."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work(arguments, writer)
    os.close(writer)
    seconds = _timeout(arguments)
    try:
        answer = _receive(reader, seconds)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0 and not ANSWERED < code <= ANSWERED + BLOCK:
        if code != BLOCK:
            _complain(f"the hook ended with {code}")
        _deny(arguments)
        return BLOCK
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return code - ANSWERED if code else 0


def _receive(reader: int, seconds: float) -> bytes:
    deadline = time.monotonic() + seconds
    chunks: list[bytes] = []
    size = 0
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            raise TimeoutError(f"no answer within {seconds:g} s")
        chunk = os.read(reader, 65_536)
        if not chunk:
            return b"".join(chunks)
        size += len(chunk)
        if size > _MAX_ANSWER:
            raise ValueError("the answer is too long")
        chunks.append(chunk)


def _work(arguments: list[str], writer: int) -> NoReturn:
    """In the child: answer on stdout and leave with 0, or with 2."""
    code = BLOCK
    try:
        os.dup2(writer, 1)
        os.close(writer)
        payload = _read_input()
        if len(arguments) != 1 or not _answer_fast(arguments[0], payload):
            _start_django(arguments, payload)
        code = 0
    except SystemExit as stop:
        code = _code_of(stop)
    except _NothingInstalled as error:
        _complain(str(error))
    except BaseException as error:  # noqa: BLE001
        _complain(f"{type(error).__name__}: {error}")
    _leave(code)


def _code_of(stop: SystemExit) -> int:
    from audit.dialects.dialect import Ended

    if isinstance(stop, Ended) and isinstance(stop.code, int):
        return ANSWERED + stop.code
    return 0 if stop.code in (None, 0) else BLOCK


def _read_input() -> bytes:
    from audit.permissions.hooks import MAX_BYTES

    payload = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(payload) > MAX_BYTES:
        raise ValueError(f"the input is longer than {MAX_BYTES:,} bytes")
    return payload


def _answer_fast(agent: str, payload: bytes) -> bool:
    """Answer by the compiled rules; False when Django must."""
    from audit.dialects import dialect_of
    from audit.permissions import compiled, hooks
    from audit.permissions.bounds import Bounds

    settings = _settings()
    if settings is None:
        return False
    data_dir, database, way = settings[0], settings[1], hooks.way_of(agent, settings[2])
    try:
        held = compiled.read(data_dir, compiled.source_of(database))
    except compiled.NotUsable:
        _require_installation(data_dir, database)
        return False
    told = dialect_of(agent).wrapped(hooks.parse(payload), os.environ)
    root = os.environ.get("CLAUDE_PROJECT_DIR", "")
    requests = hooks.read_all(agent, told, local=True, root=root, home=os.path.expanduser("~"))
    if any(request.moment == "start" for request in requests):
        return False  # what apps tell a session is in the database
    bounds = Bounds(held)
    judged = [_judge(request, bounds) for request in requests]
    if any(decision and _only_the_database_knows(it, decision, bounds, way) for it, decision, _ in judged):
        return False
    known = {"at": time.time(), "actor": f"console:{_user()}", "by": "fast_hook"}
    try:
        compiled.spool(data_dir, [{**record, **known} for _, _, record in judged if record])
    except OSError:
        return False  # Django records it in the database, or fails and blocks
    decisions = [(request, decision) for request, decision, _ in judged]
    _tell(hooks.reply(decisions, way=way))
    return True


def _only_the_database_knows(request: "Request", decision: "Decision", bounds: "Bounds", way: "Way") -> bool:
    """Whether a person may have a word in it: allowed it once, or has been asked elsewhere."""
    from audit.permissions import hooks

    may_be_allowed = decision.decision != "allow" and bounds.is_permitted(request.call)
    return may_be_allowed or hooks.asks_elsewhere(request, decision, way)


def _judge(request: "Request", bounds: "Bounds") -> tuple["Request", "Decision | None", dict[str, Any]]:
    """The decision on what is asked, and what the trail keeps of it or of what is told."""
    from audit.permissions import hooks

    if request.moment in ("before", "permission"):
        start = time.perf_counter_ns()
        decision = bounds.decide(
            request.call, mode=request.mode, person=f"console:{_user()}", session_id=request.session_id
        )
        return request, decision, hooks.decision_record(request, decision, time.perf_counter_ns() - start)
    return request, None, hooks.told_record(request)


def _tell(reply: "Reply") -> None:
    import json

    from audit.dialects.dialect import Ended

    if reply.sentence:
        sys.stderr.write(f"{reply.sentence}\n")
        sys.stderr.flush()
    sys.stdout.write(json.dumps(reply.answer))
    sys.stdout.flush()
    if reply.exit_code:
        raise Ended(reply.exit_code)


def _require_installation(data_dir: str, database: str) -> None:
    from config.home import DATABASE_FILE, missing

    if not database and not os.path.exists(os.path.join(data_dir, DATABASE_FILE)):
        raise _NothingInstalled(missing(data_dir))


def _settings() -> tuple[str, str, str] | None:
    """DATA_DIR, DATABASE_URL and HOOK_CONFIRM as the service reads them; None when only Django can tell."""
    try:
        data_dir, database, confirm = (_setting(name) for name in ("DATA_DIR", "DATABASE_URL", "HOOK_CONFIRM"))
    except _OnlyDjangoKnows:
        return None
    return os.path.realpath(os.path.join(BASE_DIR, data_dir or "data")), database, confirm


def _setting(name: str) -> str:
    """A setting as the environment or .env has it; empty where neither does. Raises _OnlyDjangoKnows."""
    given = variable(name)
    if given is not None:
        return given
    try:
        with open(os.path.join(BASE_DIR, ".env"), encoding="utf-8") as file:
            prefix = f"(?:{PREFIX})?" if name in SHARED_NAMES else ""
            lines = re.findall(rf"^\s*(?:export\s+)?{prefix}{name}\s*=(.*)$", file.read(), re.MULTILINE)
    except FileNotFoundError:
        return ""
    if not lines:
        return ""
    plain = re.fullmatch(r"""\s*(['"]?)([^'"\s#$\\]*)\1\s*""", lines[-1])
    if plain is None or len(lines) > 1:
        raise _OnlyDjangoKnows
    return plain[2]


def _start_django(arguments: list[str], payload: bytes) -> None:
    import io

    take_settings()
    sys.stdin = io.TextIOWrapper(io.BytesIO(payload), encoding="utf-8")
    from django.core.management import execute_from_command_line

    execute_from_command_line([PROGRAM, "hook", *arguments])


def _timeout(arguments: list[str]) -> float:
    """How long to wait for an answer: never as long as the agent would wait for us."""
    try:
        seconds = float(_setting("HOOK_TIMEOUT_SECONDS"))
        seconds = TIMEOUT_SECONDS if math.isnan(seconds) else min(max(seconds, 0.1), 300.0)
    except (ValueError, OSError, _OnlyDjangoKnows):
        seconds = TIMEOUT_SECONDS
    from audit.dialects import AGENTS, dialect_of

    return min(seconds, *(dialect_of(name).deadline_seconds for name in arguments[:1] if name in AGENTS), 300.0)


def _user() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return "unknown"


def _deny(arguments: list[str]) -> None:
    """The agent's own deny, for those that read it whatever the exit code. Why is on stderr.

    Loads nothing but the dialect: what ended the child must not end its parent.
    """
    try:
        import json

        from audit.dialects import AGENTS, dialect_of
        from audit.dialects.dialect import NOT_JUDGED

        if arguments[:1] and arguments[0] in AGENTS:
            sys.stdout.write(json.dumps(dialect_of(arguments[0]).refuse("", NOT_JUDGED)))
    except Exception:  # noqa: BLE001, S110  -- the exit code denies
        pass


def _complain(reason: str) -> None:
    try:
        sys.stderr.write(f"Handrail could not judge this call, so it is refused: {reason[:500]}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def _leave(code: int) -> NoReturn:
    """End without the interpreter's own end, which could still fail with another code."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        code = BLOCK
    os._exit(code)
