"""Whether somebody can answer what agents wait for, and where."""

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse

from audit.models import Approval
from config.context import caller
from config.home import PROGRAM
from config.models import Heartbeat

PERMISSION = "audit.answer_approval"
_BACKEND = "django.contrib.auth.backends.ModelBackend"


def nobody() -> str:
    """Why nobody can answer; empty where somebody can."""
    if not answerers():
        return "nobody may answer it: no active account has the permission"
    if caller().door == "command" and not Heartbeat.objects.alive().exists():  # asked by a hook, with no server near
        return f"the service is not running, so nobody sees it: `{PROGRAM} up`"
    return ""


def answerers() -> int:
    """How many people may answer."""
    allowed = User.objects.with_perm(PERMISSION, backend=_BACKEND)
    return int(allowed.filter(is_staff=True).count())


def address(row: Approval) -> str:
    """The page where a person answers."""
    return f"{settings.PUBLIC_URL}{reverse('admin:audit_approval_change', args=[row.pk])}"
