"""A bug that the next release resolves is not opened again by those who have an older one."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from audit.models import Event
from escalation.bugs import reopen, resolve
from escalation.models import Bug
from escalation.triage import update_bug
from tests.escalation.ingestion.sending import counted, error, project
from tests.escalation.makers import events

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    """Of a project whose bug is in releases 1 and 2."""
    key = project()
    for release in ("1", "2"):
        counted(key, error(release=release))
    return key


def bug() -> Bug:
    return Bug.objects.get()


def test_reports_of_releases_that_were_there_are_counted_and_leave_it_resolved(key: str) -> None:
    resolve(bug_id=bug().bug_id, resolution="mended", in_next_release=True)
    for release in ("1", "2", "1"):
        counted(key, error(release=release))
    assert (bug().status, bug().frequency, bug().resolution) == ("resolved", 5, "mended")
    assert events(bug().bug_id)[-1] == "bug.resolved"


def test_the_first_of_a_newer_release_opens_it_and_says_which(key: str) -> None:
    resolve(bug_id=bug().bug_id, resolution="mended", in_next_release=True)
    counted(key, error(release="3"))
    assert (bug().is_open, bug().holds_from_next_release) == (True, False)
    event = Event.objects.get(event_type="bug.reopened")
    assert event.context == {"because": "reported again in 3", "resolution": "mended"}


def test_a_report_that_names_no_release_is_not_taken_for_an_old_one(key: str) -> None:
    resolve(bug_id=bug().bug_id, resolution="mended", in_next_release=True)
    counted(key, error(release=""))
    assert bug().is_open


@pytest.mark.parametrize("again", [resolve, update_bug])
def test_a_later_resolution_holds_from_then_on_unless_it_says_so_too(key: str, again: Any) -> None:
    bug_id = bug().bug_id
    resolve(bug_id=bug_id, resolution="mended", in_next_release=True)
    reopen(bug_id=bug_id)
    again(bug_id=bug_id, resolution="again", **({"status": "resolved"} if again is update_bug else {}))
    assert not bug().holds_from_next_release
    counted(key, error(release="1"))
    assert bug().is_open


def test_every_door_says_so(key: str, api: APIClient, admin_client: Client, run_command: Any) -> None:
    bug_id = bug().bug_id
    path = f"/api/v1/escalation/bugs/{bug_id}"
    told = api.post(f"{path}/resolve", {"resolution": "mended", "in_next_release": True}).json()
    assert told["holds_from_next_release"] is True
    api.post(f"{path}/reopen", {})
    assert run_command("escalation", "resolve", bug_id, "--resolution", "mended", "--in-next-release")[0] == 0
    assert bug().holds_from_next_release
    api.post(f"{path}/reopen", {})
    page = f"/admin/escalation/bug/{bug().pk}"
    admin_client.post(f"{page}/moves/resolve/", {"resolution": "mended", "in_next_release": "on"})
    assert "in the next release" in admin_client.get(f"{page}/change/").content.decode()
