"""The page a message's link leads to: what is wrong or asked, and a button for each answer.

Opening it changes nothing: mail scanners and chat previews open every link.
"""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from audit.models.latitude import LONGEST_WHY
from config.context import identify
from config.errors import DomainError
from escalation import fields
from escalation.delivery.answering import OF_AGENT, OF_BUG, answer, bug_of
from escalation.delivery.links import LinkInvalid, delivery_of
from escalation.models import Delivery

PAGE = "escalation/act.html"


class ActForm(forms.Form):
    """Which button it was; how it was resolved, or why a call is denied."""

    verb = forms.ChoiceField(choices=[(verb, verb) for verb in (*OF_BUG, *OF_AGENT)])
    words = forms.CharField(required=False, max_length=fields.LONGEST_TEXT)


@csrf_exempt  # the address itself is the permission; another site that has it needs no visitor's browser
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, token: str) -> HttpResponse:
    try:
        delivery = delivery_of(token)
        said = _act(request, delivery) if request.method == "POST" else {}
        status = 200
    except LinkInvalid as error:
        return render(request, PAGE, {"refused": error.detail}, status=error.status)
    except DomainError as error:
        said, status = {"refused": error.detail}, error.status
    response = render(request, PAGE, _shown(delivery) | said, status=status)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _act(request: HttpRequest, delivery: Delivery) -> dict[str, Any]:
    form = ActForm(request.POST)
    if not form.is_valid():
        raise DomainError("Press one of the buttons.")
    identify(actor=f"link:{delivery.recipient}", door="rest")
    return {"done": answer(delivery, form.cleaned_data["verb"], words=form.cleaned_data["words"])}


def _shown(delivery: Delivery) -> dict[str, Any]:
    if delivery.approval is not None:
        delivery.approval.refresh_from_db()
        return {"approval": delivery.approval, "waits": not delivery.asks_in_vain, "longest": LONGEST_WHY}
    bug = bug_of(delivery)
    return {
        "bug": bug,
        "message": bug.error_message[:1000],
        "can_acknowledge": bug.still_calls,
        "can_resolve": bug.is_open,
    }
