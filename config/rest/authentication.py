"""Who is calling the REST API, and whether the scope of the key permits it."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractBaseUser
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from config.attempts import address_of
from config.context import identify
from config.keys import BadKey, authenticate_key, scope_of
from config.models import ApiKey, Scope

if TYPE_CHECKING:  # REST framework imports this module while it loads its views
    from rest_framework.views import APIView


def identity(request: Request) -> str:
    """Who sends a request, told apart even when a key and a user bear one name."""
    kind, owner = ("key", request.auth) if isinstance(request.auth, ApiKey) else ("user", request.user)
    return f"{kind}:{owner.pk if owner else 'none'}"


class KeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <key>` (RFC 6750)."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, ApiKey] | None:
        scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer" or not raw.strip():
            raise exceptions.AuthenticationFailed("Send the key as `Authorization: Bearer <key>`.")
        try:
            address = address_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))
            key = authenticate_key(raw.strip(), address=address)
        except BadKey as error:
            raise exceptions.AuthenticationFailed(error.detail) from error
        identify(actor=key.name, scope=key.scope, person=key.user.get_username())
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="handrail"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The admin's login, for people trying the API in a browser."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        if found is not None:
            identify(actor=found[0].get_username(), scope=scope_of(found[0]), person=found[0].get_username())
        return found


class HasScope(permissions.BasePermission):
    """Reading needs `read`, changing needs `write`, unless the view names another scope."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        needed = self.needed(request, view)
        if isinstance(request.auth, ApiKey):
            allowed = request.auth.allows(needed)
        else:
            user = request.user
            allowed = bool(user and user.is_staff and (user.is_superuser or needed == Scope.READ))
        if request.user and not allowed:
            raise exceptions.PermissionDenied(f"This needs a key of scope {needed} or higher.")
        return allowed

    @staticmethod
    def needed(request: Request, view: "APIView") -> str:
        by_action: dict[str, str] = getattr(view, "action_scopes", {})
        action = getattr(view, "action", None) or ""
        if action in by_action:
            return by_action[action]
        default = Scope.READ if request.method in permissions.SAFE_METHODS else Scope.WRITE
        return str(getattr(view, "scope", None) or default)
