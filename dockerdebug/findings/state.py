"""Faults the engine's own description of a container shows."""

import re
from collections.abc import Iterator

from dockerdebug.facts import Facts, last_lines, shorten
from dockerdebug.findings.registry import Case, rule

EXIT_CODES = {
    125: "the engine could not start it",
    126: "the command cannot be executed",
    127: "the command was not found",
    132: "an illegal instruction: built for another processor",
    134: "the program aborted",
    137: "killed by SIGKILL: out of memory, or stopped the hard way",
    139: "a segmentation fault in native code",
    143: "ended by SIGTERM, as `docker stop` does",
}
ORDERLY = {0, 130, 143}


@rule(severity="warning", rank=40)
def container_paused(facts: Facts) -> Iterator[Case]:
    """Every process of the container is frozen."""
    if facts.container and facts.container.state == "paused":
        yield Case(
            evidence="State.Status is paused",
            cause="Somebody paused the container: its processes are frozen and answer nothing.",
            fix=f"docker unpause {facts.target}",
            verify=f"docker inspect -f '{{{{.State.Status}}}}' {facts.target} says running",
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
        fix=f"Read the end of `docker logs {facts.target}`, mend what it names, then `docker start {facts.target}`."
        if code not in ORDERLY
        else f"docker start {facts.target}",
        verify=f"docker inspect -f '{{{{.State.Status}}}}' {facts.target} says running",
        severity="info" if code in ORDERLY else None,
    )


@rule(severity="warning", rank=46)
def container_created(facts: Facts) -> Iterator[Case]:
    """The container was made and never started."""
    if facts.container and facts.container.state == "created":
        error = facts.container.error
        yield Case(
            evidence="State.Status is created" + (f"; State.Error: {shorten(error)}" if error else ""),
            cause="The container was created and has never run" + (": starting it failed." if error else "."),
            fix=f"docker start {facts.target}",
            verify=f"docker inspect -f '{{{{.State.Status}}}}' {facts.target} says running",
        )


@rule(severity="error", rank=20)
def restart_loop(facts: Facts) -> Iterator[Case]:
    """The restart policy starts a program again and again that ends with an error."""
    container = facts.container
    if container and (container.state == "restarting" or container.restart_count >= 3):
        first = _first_error(facts.logs)
        yield Case(
            evidence=f"RestartCount is {container.restart_count}, State.Status is {container.state}, the last "
            f"exit code "
            f"is {container.exit_code}" + (f"; the log says: {first}" if first else ""),
            cause="The program ends soon after every start, and the restart policy "
            f"{container.restart_policy or 'of the container'} starts it again.",
            fix=f"Mend what `docker logs {facts.target}` names; `docker update --restart=no {facts.target}` "
            f"stops the loop.",
            verify=f"docker inspect -f '{{{{.RestartCount}}}}' {facts.target} no longer rises",
            severity=None if container.state == "restarting" or container.exit_code else "warning",
        )


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
            fix=f"docker update --memory 1g --memory-swap 1g {facts.target} (a limit that fits), or fewer workers.",
            verify=f"docker stats --no-stream {facts.target} stays below the limit under load",
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
            fix="Correct HEALTHCHECK in the Dockerfile; slim images have no curl: "
            'HEALTHCHECK --start-period=20s CMD ["python", "-c", "import urllib.request as u; '
            "u.urlopen('http://127.0.0.1:8000/health', timeout=2)\"]",
            verify=f"docker inspect -f '{{{{.State.Health.Status}}}}' {facts.target} says healthy",
        )


@rule(severity="error", rank=8)
def exec_format_error(facts: Facts) -> Iterator[Case]:
    """The program was built for another processor."""
    said = _start_error(facts, r"exec format error")
    if said:
        yield Case(
            evidence=said,
            cause="The image's program is built for another processor, or a script has no #! line.",
            fix="docker buildx build --platform linux/amd64,linux/arm64 ... (or docker run --platform ...)",
            verify="docker image inspect -f '{{.Os}}/{{.Architecture}}' IMAGE fits docker version's OS/Arch",
        )


@rule(severity="error", rank=9)
def entrypoint_not_found(facts: Facts) -> Iterator[Case]:
    """The command, or the interpreter its first line names, is not in the image."""
    said = _start_error(
        facts,
        r"no such file or directory: unknown|executable file not found|exec [^\n:]+: no such file or directory"
        r"|env: .?\w+\\?\r|bad interpreter",
    )
    if said:
        yield Case(
            evidence=said,
            cause="The container's command is not in the image, or the script's first line names an interpreter "
            "that is "
            "not, which Windows line ends (python\\r) do too.",
            fix="Correct ENTRYPOINT/CMD; for line ends put `*.sh text eol=lf` into .gitattributes, or "
            "RUN sed -i 's/\\r$//' /entrypoint.sh",
            verify=f"docker start -a {facts.target}",
        )


@rule(severity="error", rank=10)
def entrypoint_not_executable(facts: Facts) -> Iterator[Case]:
    """The command may not be executed."""
    error = facts.container.error if facts.container else ""
    if "permission denied" in error.lower():
        yield Case(
            evidence=f"State.Error: {shorten(error)}",
            cause="The container's command has no execute permission for its user.",
            fix="COPY --chmod=755 entrypoint.sh /entrypoint.sh",
            verify=f"docker start -a {facts.target}",
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
    found = [line for line in facts.logs.splitlines() if re.search(pattern, line, re.IGNORECASE)]
    return f"log: {shorten(found[-1])}" if found else ""


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
                cause="The mount covers the virtual environment that the image has at that place.",
                fix="Keep the environment outside the mount: RUN python -m venv /opt/venv and "
                f"ENV PATH=/opt/venv/bin:$PATH; or mount a named volume over it: -v venv:{venv}",
                verify=facts.shell(f"ls {venv}/bin"),
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
                verify=f"docker inspect -f '{{{{.Mounts}}}}' {facts.target} names no docker.sock",
            )


@rule(severity="info", rank=61)
def shell_form_pid1(facts: Facts) -> Iterator[Case]:
    """A shell is PID 1 and passes no signal on."""
    container = facts.container
    if not container or container.init or container.state != "running":
        return
    pid1 = facts.python.pid1 if facts.python and facts.python.pid1 else container.command
    if len(pid1) > 2 and pid1[0].rpartition("/")[2] in ("sh", "bash", "dash", "ash") and pid1[1] == "-c":
        yield Case(
            evidence=f"PID 1 is {shorten(' '.join(pid1), 120)}",
            cause="The command is in shell form: the shell gets SIGTERM and the program does not, so stopping "
            "takes 10 s "
            "and ends it hard.",
            fix='Use the exec form, CMD ["python", "-m", "app"], or put exec before the command.',
            verify=f"time docker stop {facts.target} takes less than 10 s",
        )
