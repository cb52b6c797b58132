"""What errors look like that callers store by mistake: bodies of APIs, lines of text, pages of proxies.

Only what no model would say of a picture in these very words. "Not found", "KeyError: 'total'" and a compiler's
"error: expected ';'" are what pictures show; "503 Service Unavailable" and "Error: rate limit" are not.
"""

import html
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

# Beside an error's text: what says more of the error. `{"error": "E-18", "model": "X200"}` is a photographed display.
_OF_AN_ERROR = frozenset(
    {
        "__type", "code", "detail", "details", "error", "error_code", "error_description", "error_message", "errors",
        "estimated_time", "instance", "jsonrpc", "message", "object", "param", "path", "request_id", "requestid",
        "retry_after", "status", "status_code", "statuscode", "success", "timestamp", "title", "trace_id", "traceback",
        "type",
    }
)  # fmt: skip
# Beside an error that is an object with a message: a provider's envelope as well.
_OF_AN_ENVELOPE = frozenset(
    {
        "body", "choices", "created", "created_at", "headers", "id", "jsonrpc", "model", "ok", "output", "provider",
        "reason", "response", "url", "usage", "user_id",
    }
)  # fmt: skip
_OF_A_GATEWAY = frozenset({"body", "data", "output", "response", "result"})
"""`{"result": {"error": "timeout"}}` is one; `{"display": {"error": "timeout"}}` is read off a picture."""
_FLAGS = ("iserror", "iserroredonprocessing")  # of MCP's tools, of OCR.space
_TOLD = frozenset({"body", "detail", "error_description", "error_message", "message", "reason", "title"})


def is_error_object(said: Mapping[str, Any]) -> bool:
    """`said`: an object's members that are not empty, their names in lower case."""
    if any(said.get(flag) is True for flag in _FLAGS) or _is_wrapped(said) or _is_failed_prediction(said):
        return True
    error = said.get("error") or said.get("errors")
    names = said.keys() - _OF_AN_ERROR
    if error:
        return not names or (_has_message(error) and names <= _OF_AN_ENVELOPE)
    return names <= _OF_AN_ENVELOPE and _says_error(said)


def _is_wrapped(said: Mapping[str, Any]) -> bool:
    """An error and nothing else under a name of the caller's or the gateway's: `{"responses": [{"error": ...}]}`."""
    name, inner = next(iter(said.items())) if len(said) == 1 else ("", None)
    if isinstance(inner, Mapping):
        error = inner.get("error")
        says = len(inner) == 1 and name in _OF_A_GATEWAY and isinstance(error, str) and is_error_text(error)
        return "faultstring" in inner or says or (_has_message(error) and is_error_object(inner))
    if not isinstance(inner, list) or not inner or not all(isinstance(item, Mapping) for item in inner):
        return False
    is_complaint = "detail" in said and all({"loc", "msg"} <= item.keys() for item in inner)  # FastAPI's
    return is_complaint or all(_has_message(item.get("error")) and is_error_object(item) for item in inner)


def _is_failed_prediction(said: Mapping[str, Any]) -> bool:
    """Replicate's, whose `error` is a text beside what was asked."""
    return said.get("status") == "failed" and {"id", "error", "urls"} <= said.keys()


def _has_message(error: Any) -> bool:
    first = error[0] if isinstance(error, list) and error else error
    return isinstance(first, Mapping) and "message" in first


def _says_error(said: Mapping[str, Any]) -> bool:
    """Errors that have no `error`: of vLLM, AWS, JSend, problem+json, FastAPI, and whole HTTP answers."""
    if said.get("object") == "error" or said.get("type") == "error" or "__type" in said:
        return True
    told = [said[name] for name in _TOLD & said.keys()]
    if not told:
        return False
    status = next((said[name] for name in ("status_code", "statuscode", "status", "code") if name in said), None)
    if is_failing_status(status) or status == "error" or said.get("success") is False:
        return True
    if len(said) > 1 or not isinstance(told[0], str):
        return False
    if _PHRASE.fullmatch(told[0]) or _REFUSAL.match(told[0]):
        return not {"body", "reason", "title"} & said.keys()  # "Forbidden" may be a book
    return is_error_text(told[0])


def is_failing_status(status: Any) -> bool:
    """A status of HTTP that says an error, as a number or in digits; 450 is none."""
    return not isinstance(status, bool) and str(status) in _FAILING


_OF_PROXIES = (420, 440, 460, 494, 495, 496, 497, 498, 499, *range(520, 531), 561, 598, 599)
_FAILING = {str(int(status)) for status in (*HTTPStatus, *_OF_PROXIES) if status >= 400}


_PHRASES = "|".join(re.escape(status.phrase).replace(r"\ ", "[ _-]?") for status in HTTPStatus if status >= 400)
_PHRASE = re.compile(rf"(?:{_PHRASES})\W*", re.IGNORECASE)
_REFUSAL = re.compile(
    r"(?:not authenticated|could not validate credentials|(?:invalid|incorrect) api key)\b", re.IGNORECASE
)
# Those a picture's text would not consist of; "Locked", "Gone", "Conflict" and "Not found" are answers.
_UNMISTAKABLE = (
    r"bad[ _-]?request|unauthorized|forbidden|method not allowed|request time-?out|payload too large|too many requests"
    r"|internal server error|not implemented|bad gateway|service (?:temporarily )?unavailable|gateway time-?out"
)
_TROUBLE = (
    r"api|connect(?:ion)?|econn\w+|fetch failed|gateway|http|image|internal|model|network|overloaded|quota"
    r"|rate[ _-]?limit\w*|request|response|server|socket hang up|something went wrong|timed?[ -]?out|unauthorized"
    r"|unavailable|upstream"
)
_CLIENTS = (  # how exceptions of API clients begin
    r"API|Auth|BadRequest|Connect|ContentPolicy|ContextWindow|HTTP|InternalServer|InvalidRequest|Overloaded"
    r"|PermissionDenied|Quota|RateLimit|Read|Remote|ServiceUnavailable|SSL|Throttling|Timeout"
)
_ERROR_TEXT = re.compile(
    rf"(?:{_UNMISTAKABLE}|an error occurred|timed?[ -]?out)\W*"
    r"|(?:http(?:/\d(?:\.\d)?)?|error|error code|status|status[ _]code)[ :=#]{1,3}[45]\d\d"
    rf"\s*(?:[^\w\s].*|(?:{_PHRASES}|{_UNMISTAKABLE}|{_TROUBLE})\b.*)?"
    rf"|[45]\d\d[ :.,-]+(?:{_PHRASES}|{_UNMISTAKABLE}|client error|server error)\b.*"
    rf"|(?:error|exception|fatal)\s?[:-].{{0,100}}\b(?:[45]\d\d|{_TROUBLE})\b.*"
    rf"|(?-i:(?:\w{{1,60}}\.){{0,5}}(?:{_CLIENTS})\w{{0,40}}(?:Error|Exception|Timeout))(?:[:(].*|\W*)"
    r"|(?:\[errno -?\d+\] )?connection (?:error|refused|reset by peer|timed out|aborted)\W*"
    r"|(?:endpoint )?(?:connect|gateway|read|request) ?timed?[ -]?out\W*"
    r"|an error occurred while .*|no healthy upstream\W*|upstream (?:connect error|request timeout)\b.*"
    r"|too many requests\b.*|internal failure\W*"
    r"|the (?:server|engine|model) is (?:currently |temporarily )?overloaded\b.*"
    r"|(?:[\w.]{1,60}: )?CUDA (?:error: )?out of memory\b.*|stream error: stream ID\b.*|(?-i:HTTPS?ConnectionPool\().*"
    r"|(?-i:E(?:CONN(?:RESET|REFUSED|ABORTED)|TIMEDOUT|AI_AGAIN))\b.*"
    r"|rate[ _-]?limit(?:ed| exceeded| reached)\b.*|you exceeded your current quota\b.*",
    re.IGNORECASE | re.DOTALL,
)
MOST_ERROR_CHARACTERS = 2_000
"""A text longer than this is no error message, whatever it begins with; an error page may be longer."""


def is_error_text(text: str) -> bool:
    text = text.strip()
    if text.startswith("Traceback (most recent call last):"):
        text = text.rpartition("\n")[2]
    return len(text) <= MOST_ERROR_CHARACTERS and bool(_ERROR_TEXT.fullmatch(text))


_SIGN = re.compile(r"(?!E(?:CONN|TIMEDOUT))[A-Z]+[.!]*")


def is_sign(text: str) -> bool:
    """One word in capitals, as on a display or a door: TIMEOUT, FORBIDDEN. A program's code has a `_` or `E`."""
    return bool(_SIGN.fullmatch(text))


_PAGE = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html|head|title|center|h1)\b", re.IGNORECASE)
_HEADING = re.compile(r"<(title|h1)\b[^>]{0,500}>(.{0,500}?)</\1", re.IGNORECASE | re.DOTALL)
_ERROR_HEADING = re.compile(
    r"attention required\b.*|just a moment\W*|access denied\b.*|.*\|\s*[45]\d\d:.*|.*\berror\W{0,3}\d{3,4}\b.*"
    r"|.*\b(?:temporarily unavailable|something went wrong|an error occurred|under maintenance)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_READ_OF_A_PAGE = 20_000  # characters; its title and first heading stand at the beginning


def is_error_page(text: str) -> bool:
    """A page whose title or heading is an error's; one that a model made from a picture has another."""
    if not _PAGE.match(text):
        return False
    found = (html.unescape(re.sub(r"<[^>]*>", " ", heading)).strip() for _, heading in _headings(text))
    return any(
        is_error_text(heading) or _PHRASE.fullmatch(heading) or _ERROR_HEADING.fullmatch(heading) for heading in found
    )


def _headings(text: str) -> list[tuple[str, str]]:
    return _HEADING.findall(text[:_READ_OF_A_PAGE])
