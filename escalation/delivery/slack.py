"""The buttons of a message in Slack: POST /hooks/slack/{channel}, signed by the app's signing secret.

A request is taken once, within five minutes of its time: https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import parse_qs

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.context import identify
from config.errors import DomainError, Forbidden
from config.jobs.sending import send
from config.rest.problems import problem_page
from escalation.delivery.answering import OF_AGENT, OF_BUG, answer
from escalation.delivery.links import delivery_of
from escalation.models import Channel, Kind, TakenSignature

VALID_SECONDS = 300
LARGEST_BODY = 256 * 1024
_VERBS = OF_BUG + OF_AGENT
ANSWERS_GO_TO = "https://hooks.slack.com/"


class SignatureInvalid(Forbidden):
    """One answer to all that is wrong with a signature: it tells nobody how near a guess was."""

    code = "signature-invalid"
    remedy = "sign with the channel's signing secret, each request once and within five minutes"

    def __init__(self) -> None:
        super().__init__("The signature is wrong, too old, or was used before. Check the channel's signing_secret.")


@csrf_exempt  # the signature says who it is
@require_POST
def press(request: HttpRequest, name: str) -> HttpResponse:
    """What Slack shows of the answer is nothing; what was done goes to the address it names, by a job."""
    try:
        said = _verified(request, name)
        text, address = _pressed(name, said), str(said.get("response_url", ""))
    except DomainError as error:
        return problem_page(error)
    if address.startswith(ANSWERS_GO_TO):
        send("escalation.answer_in_slack", address, text)
    return HttpResponse(status=200)


def _verified(request: HttpRequest, name: str) -> dict[str, Any]:
    """What was pressed. Raises SignatureInvalid."""
    channel = Channel.objects.filter(name=name, kind=Kind.SLACK).first()
    secret = channel.secrets().get("signing_secret", "") if channel else ""
    when, signature = (request.headers.get(f"X-Slack-{name}", "") for name in ("Request-Timestamp", "Signature"))
    body = request.body
    signed = b"v0:" + when.encode("utf-8", "replace") + b":" + body
    expected = "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    recent = when.isascii() and when.isdigit() and abs(time.time() - int(when[:12])) <= VALID_SECONDS
    matches = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
    if not (secret and recent and matches and len(body) <= LARGEST_BODY):
        raise SignatureInvalid
    _take_once(signature)
    return _payload(body)


def _take_once(signature: str) -> None:
    try:
        with transaction.atomic():
            digest = hashlib.sha256(signature.encode()).hexdigest()
            TakenSignature.objects.create(digest=digest, taken_at=timezone.now())
    except IntegrityError:
        raise SignatureInvalid from None


def _payload(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(parse_qs(body.decode(), max_num_fields=10)["payload"][0])
    except (ValueError, KeyError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise DomainError("The body has no payload that is a JSON object.")
    return said


def _pressed(name: str, said: dict[str, Any]) -> str:
    """Raises DomainError for what is no button of ours."""
    match said:
        case {"actions": [{"action_id": str(verb), "value": str(token)}, *_], "user": dict(user)} if verb in _VERBS:
            delivery = delivery_of(token)
            if delivery.channel.name != name:
                raise SignatureInvalid
            identify(actor=f"slack:{str(user.get('username') or user.get('id') or 'somebody')[:200]}", door="rest")
            return answer(delivery, verb)
    return "Nothing was done."
