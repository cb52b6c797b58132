"""Containers for tests of dockerdebug: fixtures that make and remove them on the tests' own engine."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest
from django.test import override_settings

from dockerdebug.checks import Report, examine
from dockerdebug.collection import collect
from dockerdebug.facts import Facts
from tests.patience import comes_back
from tests.services import docker_engine
from tests.services.docker_engine import OURS


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    try:
        address = docker_engine.start()
    except docker_engine.Missing as missing:
        pytest.skip(str(missing))
    client = docker.DockerClient(base_url=address, timeout=240)
    with override_settings(DOCKER_HOST=address):
        yield client
    [(label, whose)] = OURS.items()
    for container in client.containers.list(all=True, filters={"label": f"{label}={whose}"}):
        container.remove(force=True)
    client.close()


@pytest.fixture
def run(engine: docker.DockerClient) -> Iterator[Callable[..., Any]]:
    """Makes a container, puts files into it and starts it; removes it afterwards."""
    made = []

    def make(
        image: str, command: list[str] | None = None, *, files: Any = None, start: bool = True, **more: Any
    ) -> Any:
        container = engine.containers.create(
            image, command, labels=OURS, network_mode="none", stop_signal="SIGKILL", **more
        )
        made.append(container)
        if files:
            container.put_archive("/", docker_engine.files_in(files))
        if start:
            container.start()
        return container

    yield make
    for container in made:
        # a test may have removed it, or be about to
        with contextlib.suppress(docker.errors.APIError):
            container.remove(force=True)


def diagnose(container: Any) -> tuple[Facts, Report]:
    with comes_back():
        facts = collect(container if isinstance(container, str) else container.name)
        report = examine(facts)
    return facts, report


def keys(report: Report) -> list[str]:
    return [finding.key for finding in report.findings]


def statuses(report: Report) -> dict[str, str]:
    return {check.name: check.status for check in report.checks}
