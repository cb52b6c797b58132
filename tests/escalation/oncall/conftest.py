"""People to call."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from escalation.models import Person
from escalation.oncall.people import add_person
from tests.escalation.paging.conftest import clock, mail, send_all
from tests.escalation.paging.makers import mailbox

__all__ = ["clock", "mail", "send_all"]


@pytest.fixture
def person(db: Any) -> Callable[[str], Person]:
    """A user of the service who is called by a mailbox of their own."""

    def make(name: str) -> Person:
        User.objects.create_user(name)
        mailbox(f"{name}-mail", to=f"{name}@example.org")
        return add_person(name=name, channels=[f"{name}-mail"])

    return make


@pytest.fixture
def people(person: Callable[[str], Person]) -> list[Person]:
    return [person(name) for name in ("kim", "dana", "sam")]
