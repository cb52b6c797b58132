"""GET, HEAD or POST /ping/{key}: what a program asks for when it is done, and /ping/{key}/fail when it failed."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from config.context import identify
from config.errors import DomainError
from config.rest.problems import problem_page
from escalation.heartbeats import pulse


@csrf_exempt  # the address itself is the permission
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_ping(request: HttpRequest, key: str, failed: bool = False) -> HttpResponse:
    identify(actor="heartbeat", door="rest")
    try:
        (pulse.fail if failed else pulse.ping)(key=key)
    except DomainError as error:
        return problem_page(error)
    return HttpResponse("OK\n", content_type="text/plain")
