"""Paths outside /api/v1/: what other programs' protocols fix, and where messages lead to."""

from django.urls import path, register_converter

from escalation.delivery import pages, slack
from escalation.heartbeats.endpoints import take_ping
from escalation.ingestion import endpoints


class ProjectId:
    """The number in a DSN, as far as its column goes; longer ones are nobody's."""

    regex = "[0-9]{1,9}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(ProjectId, "project")

urlpatterns = [
    path("api/<project:project_id>/envelope/", endpoints.take_envelope, name="sdk-envelope"),
    path("api/<project:project_id>/store/", endpoints.take_store, name="sdk-store"),
    path("ping/<slug:key>", take_ping, name="escalation-ping"),
    path("ping/<slug:key>/fail", take_ping, {"failed": True}),
    path("act/<str:token>", pages.act, name="escalation-act"),
    path("hooks/slack/<slug:name>", slack.press, name="escalation-slack"),
]
