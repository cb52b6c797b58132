"""Sessions, logins and messages, for people alone: a program that sends a key to the API has none of them.

CSRF tokens stay everybody's: what a session authenticates is checked as before.
"""

from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin


def is_a_program(request: HttpRequest) -> bool:
    """Whether it asks the API by key alone. With any cookie it may be somebody's browser."""
    sent = request.META
    by_key = sent.get("HTTP_AUTHORIZATION", "")[:7].lower() == "bearer "
    return by_key and not sent.get("HTTP_COOKIE") and request.path_info.startswith("/api/v1/")


class _ForPeople(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if is_a_program(request) else super().__call__(request)


class SessionMiddleware(_ForPeople, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(_ForPeople, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(_ForPeople, messages.MessageMiddleware):
    pass
