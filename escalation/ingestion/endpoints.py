"""The door of Sentry's SDKs: POST /api/{project}/envelope/ and /store/. Pages of any site may call it.

What an SDK makes of answers: any 200 is taken, 429 stops it for a while, any other status loses the event, and
`X-Sentry-Rate-Limits` is obeyed on every status: so it is told at once what nobody here reads.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.context import identify
from config.errors import MethodNotAllowed
from config.rest.problems import as_domain_error, problem_page
from escalation.ingestion.decompression import decompressed
from escalation.ingestion.envelope import event_of, read
from escalation.ingestion.intake import MOST_BYTES, accept, find_key
from escalation.ingestion.keys_sent import public_key

UNREAD = (
    *("transaction", "span", "session", "profile", "profile_chunk", "profile_chunk_ui", "replay", "monitor"),
    *("metric_bucket", "trace_metric", "log_item", "log_byte", "attachment", "feedback"),
)
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Sentry-Error, X-Sentry-Rate-Limits, Retry-After",
    "X-Sentry-Rate-Limits": f"86400:{';'.join(UNREAD)}:organization",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Content-Encoding, X-Sentry-Auth, X-Requested-With, Origin, Accept",
    "Access-Control-Max-Age": "86400",
}
Taken = Callable[[HttpRequest, int, bytes], Sequence[str]]


def _door(take: Taken) -> Callable[..., HttpResponse]:
    """A view that answers by the ids of what was taken, or by why it was not, readable to a page of another site."""

    @csrf_exempt
    def view(request: HttpRequest, project_id: int) -> HttpResponse:
        answer = HttpResponse(headers=_PREFLIGHT) if request.method == "OPTIONS" else _answer(request, project_id, take)
        for name, value in _HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    return view


def _answer(request: HttpRequest, project_id: int, take: Taken) -> HttpResponse:
    try:
        ids = _taken(request, project_id, take)
    except Exception as error:
        known = as_domain_error(error)
        if known is None:
            raise
        page = problem_page(known)
        page.headers["X-Sentry-Error"] = known.code
        return page
    return JsonResponse({"id": ids[0]} if ids else {})


def _taken(request: HttpRequest, project_id: int, take: Taken) -> Sequence[str]:
    if request.method != "POST":
        raise MethodNotAllowed("Events are sent by POST.", headers={"Allow": "POST, OPTIONS"})
    body = decompressed(request.body, request.headers.get("Content-Encoding", ""), most=MOST_BYTES)
    return take(request, project_id, body)


def _envelope(request: HttpRequest, project_id: int, body: bytes) -> Sequence[str]:
    envelope = read(body)
    key = find_key(project_id=project_id, public_key=_key(request, envelope.header))
    identify(actor=f"project:{project_id}")
    events = envelope.events()
    return accept(key=key, events=events) if events else ()


def _store(request: HttpRequest, project_id: int, body: bytes) -> Sequence[str]:
    key = find_key(project_id=project_id, public_key=_key(request, {}))
    identify(actor=f"project:{project_id}")
    return accept(key=key, events=[event_of(body)])


def _key(request: HttpRequest, header: Any) -> str:
    return public_key(headers=request.headers, query=request.GET, envelope=header)


take_envelope = _door(_envelope)
take_store = _door(_store)
