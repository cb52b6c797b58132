"""What the service has around it while it is asked: a container engine with the demo's containers, a SIEM, a model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from django.conf import settings

from prompts.provider import Answer
from prompts.provider.named import Named
from tests.dockerdebug.makers import container, healthy, stopped, traceback
from visioncache import counting

IMAGE = "shop/api:2026.11"
CONTAINERS = [
    {"Id": "3f1c" * 16, "Names": ["/shop-api"], "Image": IMAGE, "State": "running", "Status": "Up 3 hours"},
    {"Id": "9b07" * 16, "Names": ["/shop-worker"], "Image": IMAGE, "State": "exited", "Status": "Exited (1) 2 min ago"},
]


class _Engine:
    def containers(self) -> list[dict[str, Any]]:
        return CONTAINERS

    def close(self) -> None:
        """There is nothing to close."""


class _Model:
    def complete(self, messages: Any, settings: Any, *, model: str) -> Answer:
        return Answer(text="ready", model=model, finish_reason="stop", input_tokens=14, output_tokens=1, latency_ms=210)

    def close(self) -> None:
        """There is nothing to close."""


def _connected(endpoint: Any) -> Named:
    return Named(_Model(), name=endpoint.name, model=endpoint.model)


def _collected(name: str) -> Any:
    """The facts of a container: the worker ended for want of a package, the others are well."""
    if name == "shop-worker":
        ended = stopped(logs=traceback("ModuleNotFoundError: No module named 'celery'", "/app/worker.py"))
        return replace(ended, target=name, container=replace(ended.container, name=name, image=IMAGE))
    return healthy(target=name, container=container(name=name, image=IMAGE))


@contextmanager
def surroundings() -> Iterator[None]:
    with (
        patch("dockerdebug.diagnoses.collect", _collected),
        patch("dockerdebug.engine.connect", lambda deadline: _Engine()),
        patch.object(settings, "AUDIT_STREAM_URL", "https://siem.example.org/collect"),
        patch("audit.streaming._post", lambda client, events: ""),
        patch("prompts.provider.named.connect_to", _connected),
    ):
        yield
    counting.BUFFER.forget()  # no rollback takes back what a process counts
