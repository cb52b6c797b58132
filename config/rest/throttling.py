"""How many requests a key may send."""

import time
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from rest_framework import throttling
from rest_framework.request import Request

from config.attempts import counted
from config.rest.authentication import identity

if TYPE_CHECKING:  # REST framework imports this module while it loads its views
    from rest_framework.views import APIView


class KeyThrottle(throttling.BaseThrottle):
    """So many requests a key and minute (THROTTLE_RATE; 0 is no limit), counted in a fixed window: one increment."""

    PERIODS: ClassVar = {"second": 1, "minute": 60, "hour": 3600}

    def allow_request(self, request: Request, view: "APIView") -> bool:
        allowed, _, period = settings.THROTTLE_RATE.partition("/")
        self.seconds = self.PERIODS[period or "minute"]
        if int(allowed) == 0:
            return True
        return counted(f"throttle:{identity(request)}", self.seconds) <= int(allowed)

    def wait(self) -> float:
        return self.seconds - time.time() % self.seconds
