"""What agents' machines fetch: the clients of their hooks. They hold no secret, so they need no key."""

from django.http import HttpRequest, HttpResponse

from audit.agents.client import FILES
from config.pages.views import only_read


@only_read
def client_file(request: HttpRequest, name: str) -> HttpResponse:
    """One of the files that ask this server from another machine."""
    answer = HttpResponse(FILES[name].read_bytes(), content_type="text/x-python; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-cache"
    return answer
