"""Faults the engine's own description of a container shows."""

import json
import re
import shlex
from collections.abc import Iterator

from dockerdebug import commands
from dockerdebug.facts import Facts, last_lines, shorten
from dockerdebug.findings.registry import Case, rule

EXIT_CODES = {
    125: "the engine could not start it",
    126: "the command cannot be executed",
    127: "the command was not found",
    132: "an illegal instruction: built for another processor",
    134: "the program aborted",
    137: "killed by SIGKILL, as docker kill does, docker stop in the end, and the kernel for want of memory",
    139: "a segmentation fault in native code",
    143: "ended by SIGTERM, as `docker stop` does",
}
ORDERLY = {0, 130, 143}
# Who says so before the words themselves: the runtime, an init, or the shell with the script's name.
STARTER = r"standard_init_linux\.go:\d+: |exec user process caused: |\[FATAL tini [^\]]{1,40}\] |(?:exec )?\S{1,300}: "


@rule(severity="warning", rank=40)
def container_paused(facts: Facts) -> Iterator[Case]:
    """Every process of the container is frozen."""
    if facts.container and facts.container.state == "paused":
        yield Case(
            evidence="State.Status is paused",
            cause="Somebody paused the container: its processes are frozen and answer nothing.",
            fix=f"docker unpause {facts.target}",
            verify=commands.state_is(facts, "Status", "running"),
        )


@rule(severity="error", rank=45)
def container_stopped(facts: Facts) -> Iterator[Case]:
    """The container ended, and with which exit code."""
    container = facts.container
    if not container or container.state not in ("exited", "dead"):
        return
    code = container.exit_code
    meaning = EXIT_CODES.get(code, "the program ended with an error" if code else "the program finished")
    last = shorten(last_lines(facts.logs, 1), 200)
    yield Case(
        evidence=f"State.Status is {container.state}, ExitCode is {code}"
        + (f"; last log line: {last}" if last else ""),
        cause=f"The container is not running; exit code {code} means {meaning}.",
        fix=_restart_advice(code, facts.target),
        verify=commands.state_is(facts, "Status", "running"),
        severity="info" if code in ORDERLY else None,
    )


def _restart_advice(code: int, target: str) -> str:
    if code == 0:
        return f"Nothing, if it is a job that ends; `docker start {target}` runs it again."
    if code in ORDERLY:
        return f"docker start {target}"
    return f"Read the end of `docker logs {target}`, mend what it names, then `docker start {target}`."


@rule(severity="warning", rank=46)
def container_created(facts: Facts) -> Iterator[Case]:
    """The container was made and never started."""
    if facts.container and facts.container.state == "created":
        error = facts.container.error
        yield Case(
            evidence="State.Status is created" + (f"; State.Error: {shorten(error)}" if error else ""),
            cause="The container was created and has never run" + (": starting it failed." if error else "."),
            fix=("Mend what State.Error names, then " if error else "") + f"docker start {facts.target}",
            verify=commands.state_is(facts, "Status", "running"),
        )


@rule(severity="error", rank=20)
def restart_loop(facts: Facts) -> Iterator[Case]:
    """The restart policy starts a program again and again that ends with an error."""
    container = facts.container
    restarted = container is not None and container.restart_count >= 3 and not _runs_for_long(facts)
    if container and (container.state == "restarting" or restarted):
        first = _first_error(facts.logs)
        yield Case(
            evidence=f"RestartCount is {container.restart_count}, State.Status is {container.state}, the last "
            f"exit code "
            f"is {container.exit_code}" + (f"; the log says: {first}" if first else ""),
            cause="The program ends soon after every start, and the restart policy "
            f"{container.restart_policy or 'of the container'} starts it again.",
            fix=f"Mend what `docker logs {facts.target}` names; `docker update --restart=no {facts.target}` "
            f"stops the loop.",
            verify=f"sleep 5; {commands.state_is(facts, 'Restarting', 'false')} && "
            + commands.state_is(facts, "Status", "running"),
            severity=None if container.state == "restarting" or container.exit_code else "warning",
        )


def _runs_for_long(facts: Facts) -> bool:
    """Whether it got over its restarts: up since an earlier day."""
    container = facts.container
    started = container.started_at[:10] if container and container.state == "running" else ""
    return bool(started) and started < facts.today.isoformat()


def _first_error(logs: str) -> str:
    """The exception's own line of the last traceback, or the last line."""
    errors = re.findall(
        r"^(?:[\w.]+(?:Error|Exception|Interrupt|Exit)\b.*|.*\b(?:error|fatal)\b.*)$",
        logs,
        re.MULTILINE | re.IGNORECASE,
    )
    return shorten(errors[-1] if errors else last_lines(logs, 1), 200)


@rule(severity="error", rank=11)
def oom_killed(facts: Facts) -> Iterator[Case]:
    """The kernel killed it for want of memory."""
    container = facts.container
    if container and container.oom_killed:
        limit = f"{container.memory_bytes // 2**20} MiB" if container.memory_bytes else "no limit of its own"
        yield Case(
            evidence=f"State.OOMKilled is true, ExitCode is {container.exit_code}, memory limit: {limit}",
            cause="The container used more memory than it may and the kernel killed it.",
            fix=_memory_advice(container.memory_bytes, facts.target),
            verify=commands.state_is(facts, "OOMKilled", "false"),
        )


def _memory_advice(limit: int, target: str) -> str:
    if not limit:
        return "The host itself ran out of memory: give it more, or run less on it (fewer workers)."
    more = f"{limit * 2 // 2**20}m"
    return (
        f"If the program needs that much: docker update --memory {more} --memory-swap {more} {target} && "
        f"docker restart {target}; otherwise fewer workers."
    )


@rule(severity="error", rank=21)
def healthcheck_failing(facts: Facts) -> Iterator[Case]:
    """The HEALTHCHECK command fails."""
    container = facts.container
    if container and container.health == "unhealthy":
        said = shorten(container.health_output, 200) or "nothing"
        missing = "not found" in container.health_output or container.health_exit_code in (126, 127)
        yield Case(
            evidence=f"State.Health.Status is unhealthy; the last check ended with {container.health_exit_code} "
            f"and said: "
            f"{said}",
            cause="The health check's own program is not in the image."
            if missing
            else "The health check fails: the service does not answer as the check expects.",
            fix=_health_advice(facts, missing=missing),
            verify=commands.state_is(facts, "Health.Status", "healthy"),
        )


def _health_advice(facts: Facts, *, missing: bool) -> str:
    """For a missing program the same question asked by the Python that is there, otherwise nothing invented."""
    test = " ".join(facts.container.health_command) if facts.container else ""
    url = re.search(r"https?://[\w.:@/?=&%\[\]-]{1,300}", test)
    if missing and url and facts.python:
        code = f"import urllib.request as u; u.urlopen({url[0]!r}, timeout=2)"
        return f"HEALTHCHECK --start-period=20s CMD {json.dumps([facts.interpreter, '-c', code])}"
    if missing:
        return "Install the program that HEALTHCHECK names, or ask by one that is in the image."
    return (
        f"Read what the check says (docker inspect -f '{{{{json .State.Health.Log}}}}' {facts.target}) and the log; "
        "give a slow start more time with HEALTHCHECK --start-period."
    )


@rule(severity="error", rank=8)
def exec_format_error(facts: Facts) -> Iterator[Case]:
    """The program was built for another processor."""
    said = _start_error(facts, r"exec format error")
    if said:
        yield Case(
            evidence=said,
            cause="The image's program is built for another processor, or a script has no #! line.",
            fix="Compare docker image inspect -f '{{.Os}}/{{.Architecture}}' "
            f"{commands.quoted(facts.container.image if facts.container else '')} with docker version: where they "
            "differ build for this platform (docker buildx build --platform); where they agree give the script a first "
            "line such as #!/bin/sh.",
            verify=commands.starts(facts),
        )


@rule(severity="error", rank=9)
def entrypoint_not_found(facts: Facts) -> Iterator[Case]:
    """The command, or the interpreter its first line names, is not in the image."""
    said = _start_error(
        facts,
        r"no such file or directory: unknown|executable file not found|exec [^\n:]{1,300}: no such file or directory"
        r"|env: .?\w+\\?\r|bad interpreter",
    )
    if said:
        yield Case(
            evidence=said,
            cause="The container's command is not in the image, or the script's first line names an interpreter "
            "that is "
            "not, which Windows line ends (python\\r) do too.",
            fix="Correct ENTRYPOINT or CMD, or what the script's first line names; if the file has Windows line ends "
            "put `*.sh text eol=lf` into .gitattributes.",
            verify=commands.starts(facts),
        )


@rule(severity="error", rank=10)
def entrypoint_not_executable(facts: Facts) -> Iterator[Case]:
    """The command may not be executed."""
    container = facts.container
    error = container.error if container else ""
    if "permission denied" in error.lower():
        yield Case(
            evidence=f"State.Error: {shorten(error)}",
            cause="The container's command has no execute permission for its user.",
            fix="COPY --chmod=755 the file that State.Error names, or RUN chmod a+rx "
            f"{commands.quoted(container.command[0] if container and container.command else '')}",
            verify=commands.starts(facts),
        )


def _start_error(facts: Facts, pattern: str) -> str:
    """Where a start failed with words like these: State.Error, or the log of a container that is down."""
    container = facts.container
    if not container:
        return ""
    if re.search(pattern, container.error, re.IGNORECASE):
        return f"State.Error: {shorten(container.error)}"
    if container.state == "running":
        return ""
    # The runtime's words are all that such a start logs; the same words inside a program's log are the program's.
    last = last_lines(facts.logs, 1)[:2000]
    return f"log: {shorten(last)}" if re.match(rf"(?:{STARTER}){{0,3}}(?:{pattern})", last, re.IGNORECASE) else ""


@rule(severity="error", rank=2, check="installed_packages")
def mount_hides_packages(facts: Facts) -> Iterator[Case]:
    """A mount covers the directory the image keeps its packages in."""
    container, python = facts.container, facts.python
    venv = facts.environment.get("VIRTUAL_ENV", "")
    if not container or not venv or (python is not None and python.virtual_env_exists):
        return
    for kind, source, destination in container.mounts:
        if venv == destination or venv.startswith(destination.rstrip("/") + "/"):
            yield Case(
                evidence=f"VIRTUAL_ENV is {venv}, which is not there; a {kind} mount of {source or 'a volume'} "
                f"lies over "
                f"{destination}",
                cause="The mount covers whatever the image has at that place, and has no virtual environment itself.",
                fix="Keep the environment outside the mount: RUN python -m venv /opt/venv and "
                "ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH; or mount a named volume over it: "
                f"-v venv:{commands.quoted(venv)}",
                verify=commands.run(facts, f"{venv}/bin/python", "--version"),
            )


@rule(severity="warning", rank=60)
def docker_socket_mounted(facts: Facts) -> Iterator[Case]:
    """The container can command the engine, and so the host."""
    for _, source, destination in facts.container.mounts if facts.container else ():
        if source.endswith("docker.sock") or destination.endswith("docker.sock"):
            yield Case(
                evidence=f"{source} is mounted at {destination}",
                cause="Whoever can use the engine's socket is root on the host; mounting it read-only changes nothing.",
                fix="Remove the mount, or put a proxy before it that allows the few calls that are needed.",
                verify=f"! docker inspect -f '{{{{.Mounts}}}}' {facts.target} | grep -q docker.sock",
            )


def _exec_form(line: str) -> str:
    """A shell's command line as a JSON array, where it is no more than a program with its arguments."""
    try:
        words = shlex.split(line) if re.fullmatch(r"[\w\s./:=@%+,'\"-]+", line) else []
    except ValueError:
        words = []
    return json.dumps(words) if words and "=" not in words[0] else '["program", "argument"]'


@rule(severity="info", rank=61)
def shell_form_pid1(facts: Facts) -> Iterator[Case]:
    """A shell is PID 1 and passes no signal on."""
    container = facts.container
    if not container or container.init or container.state != "running":
        return
    # A shell may hand its process over to the program, so only what runs as PID 1 now tells.
    pid1 = facts.python.pid1 if facts.python and facts.outcome == "ran" else ()
    if len(pid1) > 2 and pid1[0].rpartition("/")[2] in ("sh", "bash", "dash", "ash") and pid1[1] == "-c":
        yield Case(
            evidence=f"PID 1 is {shorten(' '.join(pid1), 120)}",
            cause="The command is in shell form: the shell gets SIGTERM and the program does not, so stopping "
            "takes 10 s "
            "and ends it hard.",
            fix=f"Use the exec form, CMD {_exec_form(pid1[2])}, or put exec before the command.",
            verify=commands.python(
                facts,
                "import os, sys; sys.exit(os.path.basename(open('/proc/1/cmdline').read().split(chr(0))[0]) in "
                "('sh', 'bash', 'dash', 'ash'))",
            ),
        )
