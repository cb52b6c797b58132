"""Sends events as SDKs do."""

import gzip
import json
import uuid
from typing import Any

from django.test import Client

from escalation.ingestion.digestion import digest_submissions
from escalation.models import Project, ProjectKey


def project(slug: str = "shop") -> ProjectKey:
    return ProjectKey.objects.create(project=Project.objects.create(name=slug.title(), slug=slug))


def frame(function: str, module: str = "shop.views", **more: Any) -> dict[str, Any]:
    path = module.replace(".", "/") + ".py"
    return {"function": function, "module": module, "filename": path, "lineno": 3, "in_app": True} | more


def error(error_type: str = "KeyError", value: str = "'id'", *functions: str, **more: Any) -> dict[str, Any]:
    frames = [frame(function) for function in functions or ("show",)]
    raised = {"type": error_type, "value": value, "stacktrace": {"frames": frames}}
    return {"event_id": uuid.uuid4().hex, "level": "error", "exception": {"values": [raised]}} | more


def envelope(*events: Any, header: dict[str, Any] | None = None) -> bytes:
    lines = [json.dumps(header or {})]
    for event in events:
        lines += ['{"type": "event"}', json.dumps(event)]
    return "\n".join(lines).encode() + b"\n"


def send(key: ProjectKey, body: bytes, *, encoding: str = "", auth: str | None = None, path: str = "envelope") -> Any:
    headers = {"X-Sentry-Auth": auth or f"Sentry sentry_key={key.public_key}, sentry_version=7"}
    if encoding:
        headers["Content-Encoding"] = encoding
    url = f"/api/{key.project_id}/{path}/"
    return Client(enforce_csrf_checks=True).generic("POST", url, body, "application/x-sentry-envelope", headers=headers)


def counted(key: ProjectKey, *events: Any) -> None:
    """Sent and counted."""
    for event in events:
        assert send(key, gzip.compress(envelope(event)), encoding="gzip").status_code == 200
    digest_submissions()
