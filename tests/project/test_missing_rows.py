"""A row that is not there is a named 404 at every operation, also for a text that can be the id of nothing."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from audit import retention
from audit.backups import making
from audit.ledger import sealing
from audit.permissions import once, store
from audit.permissions.latitude import choosing, excepting
from config.errors import NotFound
from dockerdebug import diagnoses, infrastructure, insights
from prompts import cases, prompts, runs
from visioncache import entries

LOOKUPS: dict[str, Callable[[str], Any]] = {
    "backup": lambda uid: making.find(uid=uid),
    "event to erase": lambda uid: retention.erase(uid=uid, reason="asked for"),
    "event to prove": lambda uid: sealing.prove(uid=uid),
    "posture": lambda uid: choosing.forget_posture(uid=uid),
    "allowance": lambda uid: once.withdraw(uid=uid),
    "exception": lambda uid: excepting.end_exception(uid=uid),
    "rule": lambda uid: store.find_rule(uid=uid),
    "diagnosis": lambda uid: diagnoses.find_diagnosis(diagnosis_id=uid),
    "insight": lambda uid: insights.find_insight(insight_id=uid),
    "infrastructure": lambda uid: infrastructure.find_infrastructure(infrastructure_id=uid),
    "test case": lambda uid: cases.get_test_case(prompt_id="echo", uid=uid),
    "run": lambda uid: runs.get_run(uid=uid),
    "entry": lambda uid: entries.find_entry(entry_id=uid),
}


@pytest.mark.django_db
@pytest.mark.parametrize("uid", [str(uuid.UUID(int=7)), "", "latest", "1", "\0", "\ud800", "9" * 400])
@pytest.mark.parametrize("what", LOOKUPS)
def test_what_is_not_there_is_a_named_404(what: str, uid: str) -> None:
    prompts.create_prompt(prompt_id="echo")
    with pytest.raises(NotFound):
        LOOKUPS[what](uid)
