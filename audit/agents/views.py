"""What agents' machines fetch: the client of a hook. It holds no secret, so it needs no key."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse

from config.pages.views import only_read

CLIENT = Path(__file__).with_name("hook.py")


@only_read
def client(request: HttpRequest) -> HttpResponse:
    """The one file that asks this server from another machine."""
    answer = HttpResponse(CLIENT.read_bytes(), content_type="text/x-python; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="hook.py"'
    answer["Cache-Control"] = "no-cache"
    return answer
