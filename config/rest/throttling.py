"""How many requests a key may send, by REST and MCP together."""

import time
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework import throttling
from rest_framework.request import Request

from config.attempts import counted
from config.rest.authentication import identity

if TYPE_CHECKING:  # REST framework imports this module while it loads its views
    from rest_framework.views import APIView

PERIODS = {"second": 1, "minute": 60, "hour": 3600}


def seconds_to_wait(who: str) -> float:
    """Count one more request of somebody; 0, or how long until one is served again.

    So many a minute (THROTTLE_RATE; 0 is no limit), counted in a fixed window: one increment.
    """
    allowed, _, period = settings.THROTTLE_RATE.partition("/")
    seconds = PERIODS[period or "minute"]
    if int(allowed) == 0 or counted(f"throttle:{who}", seconds) <= int(allowed):
        return 0
    return seconds - time.time() % seconds


class KeyThrottle(throttling.BaseThrottle):
    """That, for a view."""

    def __init__(self) -> None:
        self.waiting = 0.0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self.waiting = seconds_to_wait(identity(request))
        return not self.waiting

    def wait(self) -> float:
        return self.waiting
