"""A page of work that is not finished says so to the script that keeps it fresh; all others are left in peace."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.backups import making
from audit.models import BackupRun
from config.models import BrokerMessage
from config.pages.kit.marks import UNDERWAY
from dockerdebug.diagnoses import request_diagnosis
from dockerdebug.models import Diagnosis
from prompts.cases import create_test_case
from prompts.models import Run
from prompts.testing import test_prompt_version as ask_for_a_test
from prompts.versions import save_version
from schemacheck.models import Check

pytestmark = pytest.mark.django_db


def a_run() -> Run:
    save_version(prompt_id="keywords", prompt_text="Keywords of: {{ input }}")
    create_test_case(prompt_id="keywords", name="sun", input="sun", expected_output="sun")
    return ask_for_a_test(prompt_id="keywords", number=1)


def a_check() -> Check:
    return Check.objects.create(requested_by="ci", door="rest", sql="SELECT 1", sql_hash="0" * 64)


BEGUN: dict[str, Any] = {
    "backup": making.start,
    "check": a_check,
    "diagnosis": request_diagnosis,
    "job": lambda: BrokerMessage.objects.create(queue="celery", payload="{}", task="x", task_id="1"),
    "run": a_run,
}
ENDED = {
    "backup": {"status": BackupRun.Status.COMPLETED},
    "check": {"status": Check.Status.FAILED, "failure": "The database is gone."},
    "diagnosis": {"status": Diagnosis.Status.FAILED},
    "job": {"parked_at": timezone.now()},
    "run": {"status": Run.Status.FINISHED, "verdict": {"call": "not run"}},
}


def pages(row: Any) -> list[str]:
    """Its own, and its list."""
    kind = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    return [reverse(f"{kind}_change", args=[row.pk]), reverse(f"{kind}_changelist")]


@pytest.mark.parametrize("kind", BEGUN)
def test_work_is_underway_until_it_ended(admin_client: Client, kind: str) -> None:
    row = BEGUN[kind]()
    for page in pages(row):
        assert UNDERWAY in admin_client.get(page).content.decode(), page
    type(row).objects.filter(pk=row.pk).update(**ENDED[kind])
    for page in pages(row):
        answer = admin_client.get(page)
        assert answer.status_code == 200
        assert UNDERWAY not in answer.content.decode(), page
        assert "ETag" not in answer.headers


@pytest.mark.parametrize("kind", ["backup", "run"])
def test_only_news_are_sent_again(admin_client: Client, kind: str) -> None:
    row = BEGUN[kind]()
    for page in pages(row):
        tag = admin_client.get(page).headers["ETag"]
        with time_machine.travel(timezone.now() + timedelta(minutes=3)):
            again = admin_client.get(page, headers={"If-None-Match": tag})
        assert again.status_code == 304, "the clock alone is no news"
        assert again.content == b""
    type(row).objects.filter(pk=row.pk).update(status="running")
    for page in pages(row):
        assert admin_client.get(page, headers={"If-None-Match": tag}).status_code == 200


def test_a_backup_that_is_tried_is_underway_until_somebody_knows(admin_client: Client) -> None:
    run = BackupRun.objects.create(status=BackupRun.Status.COMPLETED, file="handrail-manual-1.sqlite3")
    kept = reverse("admin:audit_backuprun_move", args=[run.pk, "verify"])
    asked = admin_client.post(kept).headers["Location"]
    assert "being tried" in admin_client.get(asked).content.decode()
    run.verification, run.verified_at = BackupRun.Verification.PASSED, timezone.now() + timedelta(seconds=1)
    run.save()
    known = admin_client.get(asked).content.decode()
    assert UNDERWAY not in known
    assert "restores" in known


@pytest.mark.parametrize("tried", ["", "x", "0", "9" * 30, "-1", "1764489600"])
def test_an_address_of_long_ago_or_made_up_says_nothing_of_a_trial(admin_client: Client, tried: str) -> None:
    run = BackupRun.objects.create(status=BackupRun.Status.COMPLETED, file="handrail-manual-1.sqlite3")
    answer = admin_client.get(reverse("admin:audit_backuprun_change", args=[run.pk]), {"tried": tried})
    assert answer.status_code == 200
    assert UNDERWAY not in answer.content.decode()
