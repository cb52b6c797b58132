"""The container engine: found, connected and asked, with every failure in words a person can act on.

Needs of the Docker API: GET /version, /containers/json, /containers/{id}/json, /containers/{id}/logs; HEAD and GET
/containers/{id}/archive; for the probe POST /containers/{id}/exec, POST /exec/{id}/start, GET /exec/{id}/json.
"""

import getpass
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

import docker
import requests
from django.conf import settings
from docker.context import ContextAPI
from docker.errors import APIError, DockerException, InvalidVersion, NotFound, NullResource, TLSParameterError

from dockerdebug.deadline import Deadline
from dockerdebug.facts import Problem, shorten
from dockerdebug.redaction import Redactor
from dockerdebug.refusals import HANGS, CallRefused, ContainerMissing, EngineUnavailable

CALL_SECONDS = 5.0
LOG_LINES, LOG_BYTES, LOG_READ, LOG_SECONDS = 200, 256 * 1024, 16 * 1024 * 1024, 2.0
ENDPOINTS = (
    "GET /version, /containers/json, /containers/*/json, /containers/*/logs, /containers/*/archive and, for a look "
    "inside, POST /containers/*/exec, POST /exec/*/start, GET /exec/*/json"
)


class Engine:
    """A connected engine; every call takes its time limit from the deadline."""

    def __init__(self, client: docker.DockerClient, deadline: Deadline) -> None:
        self.api: Any = client.api
        self._client = client
        self.deadline = deadline

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def calling(self, most: float = CALL_SECONDS) -> Iterator[Any]:
        """The low-level client with a time limit set; errors come out in our words."""
        self.api.timeout = self.deadline.within(most)
        try:
            yield self.api
        except APIError as error:
            status = error.response.status_code if error.response is not None else 500
            raise CallRefused(status, str(error.explanation or error)) from error
        except (DockerException, requests.RequestException, OSError, ValueError) as error:
            raise EngineUnavailable(diagnose_connection(error)) from error

    def containers(self) -> list[dict[str, Any]]:
        """Every container, stopped ones too."""
        try:
            with self.calling() as api:
                return list(api.containers(all=True))
        except CallRefused as error:
            raise EngineUnavailable(_refused(error.status, error.explanation)) from error

    def inspect(self, name: str) -> Mapping[str, Any]:
        """The engine's description. Raises ContainerMissing, EngineUnavailable."""
        try:
            with self.calling() as api:
                try:
                    return dict(api.inspect_container(name))
                except (NotFound, NullResource):
                    pass
        except CallRefused as error:
            raise EngineUnavailable(_refused(error.status, error.explanation)) from error
        raise ContainerMissing(_missing(name, self._names()))

    def logs(self, container: str) -> str:
        """The end of the log; empty when the logging driver cannot be read. A log without line ends has no end that
        is near, so reading stops after LOG_READ bytes or LOG_SECONDS."""
        data, read = bytearray(), 0
        limit = Deadline(self.deadline.within(LOG_SECONDS))
        try:
            with self.calling() as api:
                for piece in api.logs(container, stdout=True, stderr=True, tail=LOG_LINES, stream=True, follow=False):
                    data += piece
                    if len(data) > 2 * LOG_BYTES:
                        del data[:-LOG_BYTES]
                    read += len(piece)
                    if read > LOG_READ or limit.passed:
                        break
        except CallRefused:
            return ""
        return bytes(data[-LOG_BYTES:]).decode("utf-8", "replace")

    def _names(self) -> list[str]:
        try:
            return [name.lstrip("/") for row in self.containers() for name in row.get("Names") or []]
        except EngineUnavailable:
            return []


def connect(deadline: Deadline) -> Engine:
    """Find and connect the engine. Raises EngineUnavailable saying what to do."""
    environment = dict(os.environ)
    if settings.DOCKER_HOST:
        environment["DOCKER_HOST"] = settings.DOCKER_HOST
    context = environment.get("DOCKER_CONTEXT", "")
    if context and not environment.get("DOCKER_HOST") and ContextAPI.get_context(context) is None:
        # The SDK would silently take the default socket instead.
        raise EngineUnavailable(_settings(f"DOCKER_CONTEXT is {context!r}, and there is no such context"))
    limit: Any = deadline.within(CALL_SECONDS)  # the SDK takes fractions, its stubs do not
    try:
        client = docker.from_env(environment=environment, timeout=limit, max_pool_size=4)
    except (DockerException, requests.RequestException, OSError, ValueError) as error:
        raise EngineUnavailable(diagnose_connection(error)) from error
    return Engine(client, deadline)


def address() -> str:
    """Where the engine is looked for, and who said so."""
    if settings.DOCKER_HOST:
        return f"{_shown(settings.DOCKER_HOST)} (from DOCKER_HOST)"
    try:
        host = ContextAPI.kwargs_from_context().get("base_url")
        name = ContextAPI.get_current_context().Name
    except (DockerException, OSError, ValueError, KeyError, AttributeError):
        host, name = None, "default"
    return f"{_shown(host or 'unix:///var/run/docker.sock')} (from the Docker context {name!r})"


def _shown(host: str) -> str:
    return Redactor().text(str(host).replace("http+unix://", "unix://"))


def diagnose_connection(error: BaseException) -> Problem:
    """Why no engine could be used. The SDK wraps everything in DockerException, so the chain of causes is read."""
    chain = list(_causes(error))
    where = address()
    evidence = shorten(f"{type(chain[-1]).__name__}: {Redactor().text(str(chain[-1]))}; tried {where}")
    for cause in chain:
        problem = _by_cause(cause, where, evidence) or _by_text(str(cause), evidence)
        if problem:
            return problem
    return Problem(
        key="engine_error",
        evidence=evidence,
        cause="The container engine could not be used.",
        fix="Check that `docker version` answers with the same DOCKER_HOST as this service.",
    )


def _by_cause(cause: BaseException, where: str, evidence: str) -> Problem | None:
    match cause:
        case FileNotFoundError():
            return Problem(
                key="engine_socket_missing",
                evidence=evidence,
                cause=f"There is no engine socket at {where}: no engine is installed or running, or the path is wrong.",
                fix="Start the engine (`systemctl start docker`, or Docker Desktop), or set DOCKER_HOST to its socket.",
                verify="docker version",
            )
        case PermissionError():
            return Problem(
                key="engine_permission_denied",
                evidence=evidence,
                cause=f"The user {_user()} may not open the engine's socket at {where}.",
                fix="Add that user to the socket's group (`usermod -aG docker USER`) and start the service again. Mind "
                "that whoever may use the socket is root on that host.",
                verify="docker version",
            )
        case ConnectionRefusedError():
            return Problem(
                key="engine_not_running",
                evidence=evidence,
                cause=f"Nobody listens at {where}: the engine is stopped.",
                fix="Start the engine: systemctl start docker",
                verify="docker version",
            )
        case TimeoutError() | requests.Timeout():
            return Problem(
                key="engine_timeout",
                evidence=evidence,
                cause=f"The engine at {where} accepted the connection and did not answer in time.",
                fix=HANGS,
            )
        case InvalidVersion():
            return _version(evidence)
        case TLSParameterError():
            return _settings(str(cause))
        case json.JSONDecodeError():
            return Problem(
                key="engine_not_docker",
                evidence=evidence,
                cause=f"Something else than a container engine answers at {where}.",
                fix="Correct DOCKER_HOST.",
            )
        case APIError() if cause.response is not None:
            return _refused(cause.response.status_code, str(cause.explanation or cause))
    return None


def _by_text(text: str, evidence: str) -> Problem | None:
    if "paramiko" in text:
        return _settings("DOCKER_HOST is an ssh:// address, which needs the package paramiko")
    if re.search(
        r"Invalid bind address|Port could not be cast|Invalid.*(?:host|port|proto)|TLS|protocol is only supported", text
    ):
        return _settings(shorten(Redactor().text(text)))
    if re.search(r"Name or service not known|getaddrinfo|Failed to resolve|nodename nor servname", text):
        return _settings("the host in DOCKER_HOST cannot be resolved")
    if "ApiVersion" in text:
        return Problem(
            key="engine_not_docker",
            evidence=evidence,
            cause="What answers is not a container engine: it names no API version.",
            fix="Correct DOCKER_HOST.",
        )
    return None


def _refused(status: int, explanation: str) -> Problem:
    said = shorten(Redactor().text(explanation))
    if status == 403:
        return Problem(
            key="engine_refused",
            evidence=f"HTTP 403: {said}",
            cause="A proxy before the engine refuses this call.",
            fix=f"Allow {ENDPOINTS}.",
        )
    if status == 400 and "version" in explanation:
        return _version(said)
    return Problem(
        key="engine_error",
        evidence=f"HTTP {status}: {said}",
        cause="The engine answered with an error.",
        fix="Look at the engine's own log (journalctl -u docker).",
    )


def _version(evidence: str) -> Problem:
    return Problem(
        key="engine_version",
        evidence=evidence,
        cause="The engine and this service speak no common API version.",
        fix="Upgrade the engine to Docker 20.10 or later (API 1.41), or this service.",
        verify="docker version --format '{{.Server.APIVersion}}'",
    )


def _settings(what: str) -> Problem:
    return Problem(
        key="engine_settings",
        evidence=what,
        cause=f"The engine's address cannot be used: {what}.",
        fix="Correct DOCKER_HOST, for example unix:///var/run/docker.sock or tcp://host:2376 with DOCKER_CERT_PATH.",
    )


def _missing(name: str, names: list[str]) -> Problem:
    lower = {known.lower(): known for known in names}
    near = [lower[match] for match in get_close_matches(name.lower(), lower, n=3, cutoff=0.6)]
    near += [known for known in names if name.lower() in known.lower() and known not in near]
    hint = f"Did you mean {', '.join(near[:3])}?" if near else "`docker ps -a` lists the containers there are."
    return Problem(
        key="container_missing",
        evidence=f"asked for {name!r}; the engine knows {len(names)} containers",
        cause=f"There is no container named {name!r}.",
        fix=hint,
        verify=f"docker inspect {near[0] if near else name}",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException] = [error]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [item for item in (current.__cause__, current.__context__) if item is not None]
        # urllib3 and requests carry the cause as an argument instead of chaining it
        waiting += [item for item in current.args if isinstance(item, BaseException)]
        waiting += [item for item in [getattr(current, "reason", None)] if isinstance(item, BaseException)]


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"
