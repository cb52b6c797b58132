"""Alerts: what of the trail opens bugs and sends messages, once, whatever happens to the worker."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from audit.models import Event
from audit.trail import record
from config.context import acting_as
from config.database.windows import window
from config.identifiers import made_at
from config.signals import job_parked
from escalation import dashboard, health, tasks
from escalation.alerts import firing, watching
from escalation.alerts.alerts import InvalidAlert, add_alert, change_alert, list_alerts, ship
from escalation.alerts.shipped import SHIPPED
from escalation.bugs import resolve
from escalation.delivery import sending
from escalation.fields import InvalidBug
from escalation.models import Alert, AlertTally, Bug, Delivery, TrailPosition
from tests.escalation.makers import reported
from tests.escalation.paging.makers import webhook
from tests.escalation.paging.sinks import Receiver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seen")]
Look = Callable[[], int]


def happens(event_type: str = "backup.failed", **said: Any) -> Event:
    return record(**{"event_type": event_type, "entity_type": "backup", "entity_id": "17"} | said)


def denied(times: int, session: str = "s1") -> None:
    for _ in range(times):
        value = {"decision": "deny"}
        happens("decision.made", entity_id="Bash", new_value=value, session_id=session, agent="claude")


def alert(**said: Any) -> Alert:
    usual = {"name": "mine", "event_type": "thing.broke", "message": "{entity_id} broke", "channels": ["ops-hook"]}
    return add_alert(**usual | said)


def test_the_default_set_is_in_place_and_stays_as_people_changed_it() -> None:
    change_alert(name="backup-failed", is_active=False)
    Alert.objects.filter(name="ledger-fault").delete()
    ship()
    assert set(list_alerts().values_list("name", flat=True)) == set(SHIPPED)
    assert not Alert.objects.get(name="backup-failed").is_active


@pytest.mark.parametrize(
    ("said", "bug_id", "impact"),
    [
        ({"event_type": "backup.failed"}, "backup-failed", "critical"),
        ({"event_type": "audit.fault_found", "entity_type": "trail"}, "ledger-fault", "critical"),
        ({"event_type": "diagnosis.failed", "new_value": {"container": "db/1"}}, "diagnosis-failed:db-1-", "low"),
        ({"event_type": "approval.expired", "agent": "codex"}, "approval-unanswered:codex", "medium"),
        ({"event_type": "prompt.regression_found", "entity_id": "greeting"}, "prompt-regression:greeting", "medium"),
    ],
)
def test_what_goes_wrong_opens_a_bug_of_its_own_that_counts(
    look: Look, said: dict[str, Any], bug_id: str, impact: str
) -> None:
    for _ in range(3):
        happens(**said)
    look()
    bug = Bug.objects.get()
    assert bug.bug_id.startswith(bug_id)
    assert (bug.user_impact, bug.frequency) == (impact, 3)
    resolve(bug_id=bug.bug_id, resolution="mended")
    happens(**said)
    look()
    assert Bug.objects.get().status != "resolved"


def test_a_job_that_was_set_aside_opens_a_bug(look: Look) -> None:
    job_parked.send(sender=None, task="prompts.summon", args=["secret"], kwargs={}, reason="It cost 3 workers")
    look()
    assert Bug.objects.get().error_message == "The job prompts.summon was set aside for good: It cost 3 workers"
    assert "secret" not in str(Event.objects.get(event_type="job.parked").__dict__)


def test_calls_denied_are_counted_by_session_and_within_the_window(look: Look, clock: Any) -> None:
    denied(19, "s1")
    denied(19, "s2")
    look()
    clock.pass_by(minutes=11)
    denied(19, "s1")
    look()
    assert not Bug.objects.exists()
    denied(1, "s1")
    look()
    assert Bug.objects.get().bug_id == "calls-denied:s1"
    assert tasks.clean_up_alerts() == 0
    clock.pass_by(days=8)
    assert tasks.clean_up_alerts() == 2
    assert not AlertTally.objects.exists()


def test_a_message_is_sent_once_in_a_while_about_the_same(look: Look, clock: Any, hook: Receiver) -> None:
    webhook(hook)
    alert(per="entity_id", again_after_minutes=30)
    for thing in ("a", "a", "b"):
        happens("thing.broke", entity_id=thing)
    look()
    happens("thing.broke", entity_id="a")
    look()
    assert sorted(row.notice["title"] for row in Delivery.objects.all()) == ["a broke", "b broke"]
    clock.pass_by(minutes=30)
    happens("thing.broke", entity_id="a")
    look()
    assert len(hook.got) == 3


def test_what_alerts_themselves_do_sets_off_no_alert(look: Look, hook: Receiver) -> None:
    webhook(hook)
    alert(event_type="bug.*", per="entity_id")
    happens("backup.failed")
    look()
    assert (Bug.objects.get().bug_id, len(hook.got)) == ("backup-failed", 0)
    reported(bug_id="by-a-person")
    look()
    assert len(hook.got) == 1
    record(event_type="delivery.died", entity_type="delivery", entity_id="1", context={"purpose": "alert"})
    alert(name="dead", event_type="delivery.died")
    look()
    assert len(hook.got) == 1
    with pytest.raises(InvalidAlert):
        alert(name="loop", event_type="bug.reported", bug_impact="low")


def test_the_work_of_a_worker_that_is_killed_is_done_once_by_the_next(
    look: Look, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook(hook)
    alert(per="entity_id")
    look()
    place = TrailPosition.objects.get().event_id
    happens("backup.failed")
    happens("thing.broke", entity_id="a")
    whole, calls = firing.send, []

    def die(*args: Any) -> list[Delivery]:
        calls.append(args)
        if len(calls) == 2:
            raise SystemExit
        return whole(*args)

    monkeypatch.setattr(firing, "send", die)
    with pytest.raises(SystemExit):
        watching.check_alerts()
    assert (TrailPosition.objects.get().event_id, Bug.objects.count(), Delivery.objects.count()) == (place, 0, 0)
    monkeypatch.setattr(firing, "send", whole)
    look()
    look()
    assert (Bug.objects.get().frequency, len(hook.got)) == (1, 1)


def test_an_alert_that_cannot_fire_keeps_no_other_from_it(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = firing.open_bug

    def refuse(found: Alert, *args: Any) -> Bug | None:
        if found.name == "backup-failed":
            raise InvalidBug("cannot be")
        return whole(found, *args)

    monkeypatch.setattr(firing, "open_bug", refuse)
    happens("backup.failed")
    happens("audit.fault_found")
    look()
    assert Bug.objects.get().bug_id == "ledger-fault"
    assert Event.objects.get(event_type="alert.failed").context == {"why": "cannot be"}


def test_an_alert_that_is_off_or_came_later_sees_nothing(look: Look) -> None:
    change_alert(name="backup-failed", is_active=False)
    happens("backup.failed")
    look()
    change_alert(name="backup-failed", is_active=True)
    look()
    assert not Bug.objects.exists()


def test_an_alert_acts_in_the_request_that_set_it_off(look: Look) -> None:
    with acting_as(actor="kim", correlation_id="request-1"):
        happens("backup.failed")
    look()
    found = Event.objects.get(event_type="alert.fired")
    assert (found.actor, found.correlation_id) == (watching.ACTOR, "request-1")
    assert found.context["bug"] == "backup-failed"


def test_the_job_of_the_schedule_looks(look: Look) -> None:
    happens("backup.failed")
    assert tasks.check_alerts() == 1
    assert Bug.objects.count() == 1
    look()
    assert tasks.check_alerts() == 0


def test_a_message_of_an_alert_that_dies_says_that_it_was_one(look: Look, hook: Receiver, clock: Any) -> None:
    webhook(hook)
    alert()
    hook.answers = [(410, {})]
    happens("thing.broke")
    look()
    assert Event.objects.get(event_type="delivery.died").context["purpose"] == "alert"
    assert sending.send_due() == 0


def test_health_warns_when_nobody_looks_at_the_trail(look: Look, clock: Any) -> None:
    def told() -> list[str]:
        return [check.status for check in health.checks() if check.name == "alerts"]

    happened = made_at(happens().uid)
    clock.now = happened + timedelta(minutes=14)
    assert told() == ["ok"]
    clock.now = happened + timedelta(minutes=16)
    assert told() == ["warn"]
    look(), look()  # the second sees what the first recorded
    assert told() == ["ok"]


def test_the_dashboard_counts_alerts_that_fired(look: Look) -> None:
    happens("backup.failed"), look()
    [panel] = dashboard.panels(window("24h"))
    [tile] = [tile for tile in panel.tiles if tile.label == "Alerts that fired"]
    assert tile.value == 1
