"""Sessions, logins and messages, for people alone: a program that sends a key to the API has none of them.

CSRF tokens stay everybody's: what a session authenticates is checked as before.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth import middleware as auth
from django.contrib.auth.models import User
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
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


_AT_ONCE = 500
"""Keys in one statement; a database takes so many values and no more."""


def welcome_sessions(keys: Iterable[str]) -> set[str]:
    """Those of the sessions whose people may still see the pages: signed in, active, staff, the password the same.

    What Django looks at with each request, for a thousand people by a few statements.
    """
    wanted = sorted(keys)
    found: set[str] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        kept = Session.objects.filter(session_key__in=wanted[start : start + _AT_ONCE], expire_date__gt=timezone.now())
        found.update(_of_staff({session.session_key: session.get_decoded() for session in kept}))
    return found


def _of_staff(sessions: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    owners = User.objects.in_bulk({said[SESSION_KEY] for said in sessions.values() if SESSION_KEY in said})
    people = {str(owner.pk): owner for owner in owners.values() if owner.is_active and owner.is_staff}
    hashes = {name: _hashes(person) for name, person in people.items()}
    for key, said in sessions.items():
        given = said.get(HASH_SESSION_KEY, "")
        if any(constant_time_compare(given, known) for known in hashes.get(said.get(SESSION_KEY, ""), ())):
            yield key


def _hashes(person: User) -> list[str]:
    """Of the present password, by the present secret key and by those that were in force before."""
    return [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
