"""One JSON-RPC message as it arrives, read as strictly as a REST body, before the SDK sees it.

The SDK answers a wrong envelope with the code of wrong arguments, takes the last of two equal names, and over stdio
says nothing at all. Here every message that cannot be served has the protocol's own code: -32700 for what is no sound
JSON, -32600 for what is no request. Batches are refused in every version: 2025-03-26 alone had them.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
from rest_framework.exceptions import ParseError

from config.canonical import LARGEST_INTEGER
from config.rest.parsers import parse_json

LONGEST_ID = 255


@dataclass(slots=True)
class Malformed(Exception):
    """A message that is answered without being served."""

    code: int
    detail: str
    id: int | str | None = None

    def answer(self) -> JSONRPCError:
        return JSONRPCError(jsonrpc="2.0", id=self.id, error=ErrorData(code=self.code, message=self.detail))


def check_message(raw: bytes) -> None:
    """Raises Malformed unless the bytes are one request, notification or response."""
    if len(raw) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise Malformed(INVALID_REQUEST, "The message is larger than MAX_BODY_BYTES allows.")
    try:
        message = parse_json(raw)
    except ParseError as error:
        raise Malformed(PARSE_ERROR, str(error.detail)) from error
    if isinstance(message, list):
        raise Malformed(INVALID_REQUEST, "Batches are not served: send one message at a time.")
    if not isinstance(message, dict):
        raise Malformed(INVALID_REQUEST, "A message is a JSON object.")
    known = _id(message)
    if message.get("jsonrpc") != "2.0":
        raise Malformed(INVALID_REQUEST, 'A message says "jsonrpc": "2.0".', known)
    if "method" not in message:
        if known is None or ("result" in message) == ("error" in message):
            raise Malformed(INVALID_REQUEST, "A message names a method, or answers one by its id.", known)
    elif not isinstance(message["method"], str):
        raise Malformed(INVALID_REQUEST, "The method is a string.", known)
    elif not isinstance(message.get("params", {}), dict):
        raise Malformed(INVALID_PARAMS, "The params are an object.", known)


def _id(message: dict[str, Any]) -> int | str | None:
    """The id of a request or response, which a notification does not have."""
    found = message.get("id")
    if isinstance(found, str) and len(found) <= LONGEST_ID:
        return found
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) <= LARGEST_INTEGER:
        return found
    if "id" in message:
        raise Malformed(INVALID_REQUEST, f"An id is a whole number, or a string of at most {LONGEST_ID} characters.")
    return None
