"""The pages of bugs, where people work: the list by urgency, and all that can be done with one bug."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from escalation import bugs
from escalation.admin import appearances
from escalation.demo import TRACE
from escalation.models import Bug
from tests.escalation.ingestion.sending import counted, error, project
from tests.escalation.makers import events, reported

LIST = "/admin/escalation/bug/"


def listed(client: Client, **query: str) -> list[str]:
    """The ids of the bugs a list shows, in its order."""
    answer = client.get(LIST, query)
    assert answer.status_code == 200, answer.headers
    return [bug.bug_id for bug in answer.context["cl"].result_list]


def page(client: Client, bug: Bug) -> str:
    return client.get(reverse("admin:escalation_bug_change", args=[bug.pk])).content.decode()


def make(client: Client, bug: Bug, move: str, **form: Any) -> Any:
    """Make a move by its button; the bug is as it is afterwards."""
    answer = client.post(reverse("admin:escalation_bug_move", args=[bug.pk, move]), form)
    bug.refresh_from_db()
    return answer


@pytest.mark.django_db
class TestTheList:
    def test_it_begins_with_the_most_urgent_open_bug(self, admin_client: Client) -> None:
        reported(bug_id="small", error_message="a detail")
        reported(bug_id="urgent", user_impact="critical", error_type="DataLoss", error_message="rows are gone")
        reported(bug_id="done", user_impact="critical", error_type="DataLoss")
        bugs.resolve(bug_id="done", resolution="restored")
        assert listed(admin_client) == ["urgent", "small"]
        text = admin_client.get(LIST).content.decode()
        assert "rows are gone" in text
        assert text.index("critical") < text.index("rows are gone") < text.index("pending</span>"), (
            "what decides is first"
        )

    def test_the_first_page_says_that_it_shows_open_ones_and_its_links_keep_to_them(self, admin_client: Client) -> None:
        bugs.resolve(bug_id=reported(bug_id="done").bug_id, resolution="it is")
        text = admin_client.get(LIST).content.decode()
        assert "Standing: <b>Open</b>" in text
        assert "?priority__exact=high&amp;status__exact=first" in text
        reported(bug_id="low")
        assert listed(admin_client, priority__exact="low", status__exact="first") == ["low"]
        assert '<input type="hidden" name="status__exact" value="first">' in text, "so the search knows where it began"
        assert listed(admin_client, q="done", status__exact="first") == ["done"], (
            "who asks for a bug finds it although it is over"
        )
        assert set(listed(admin_client, priority__exact="low")) == {"low", "done"}, "an address is taken at its word"

    def test_a_standing_narrows_it_and_a_search_looks_at_all(self, admin_client: Client) -> None:
        for name in ("open", "late", "quiet", "done"):
            reported(bug_id=name, deadline_hours=1 if name == "late" else None)
        Bug.objects.filter(bug_id="late").update(deadline_at=timezone.now() - timedelta(hours=1))
        bugs.mute(bug_id="quiet", until=timezone.now() + timedelta(hours=1))
        bugs.resolve(bug_id="done", resolution="it is")
        assert set(listed(admin_client)) == {"open", "late", "quiet"}
        assert listed(admin_client, status__exact="resolved") == ["done"]
        assert listed(admin_client, status__exact="overdue") == ["late"]
        assert listed(admin_client, status__exact="muted") == ["quiet"]
        assert set(listed(admin_client, status__exact="acknowledged")) == {"open", "quiet"}
        assert len(listed(admin_client, status__exact="all")) == 4
        assert listed(admin_client, status__exact="nonsense") == []
        assert listed(admin_client, q="done") == ["done"], "who asks for a bug finds it although it is over"
        assert listed(admin_client, q="done", status__exact="open") == []

    def test_it_knows_mine_and_nobodys(self, admin_client: Client) -> None:
        for name, assignee in (("mine", "admin"), ("kims", "kim"), ("nobodys", "")):
            reported(bug_id=name)
            if assignee:
                bugs.assign(bug_id=name, assignee=assignee)
        assert listed(admin_client, assignee="admin") == ["mine"]
        assert listed(admin_client, assignee="") == ["nobodys"]
        assert listed(admin_client, assignee="kim") == ["kims"]
        text = admin_client.get(LIST).content.decode()
        for choice in ("Anybody", "Me", "Nobody", "kim"):
            assert f">{choice}</a>" in text
        assert "?assignee=admin" in text
        assert text.count("?assignee=admin") == 1, "the reader's own name is there as `Me`"

    def test_it_reads_no_large_column_and_asks_as_often_for_many_as_for_one(self, admin_client: Client) -> None:
        def asked() -> list[str]:
            with CaptureQueriesContext(connection) as queries:
                assert admin_client.get(LIST).status_code == 200
            return [query["sql"] for query in queries]

        bug = reported(bug_id="first", error_message="m" * 5000, stack_trace=TRACE)
        one = asked()
        assert not [sql for sql in one if '"stack_trace"' in sql or '"priority_factors"' in sql]
        assert "m" * 200 not in admin_client.get(LIST).content.decode()
        for number in range(9):
            reported(bug_id=f"bug {number}")
        assert len(asked()) == len(one)
        assert bug.error_message == "m" * 5000

    def test_an_empty_list_says_how_to_begin(self, admin_client: Client) -> None:
        assert "escalation report --error-type KeyError" in admin_client.get(LIST).content.decode()

    def test_many_are_moved_at_once_and_one_that_is_past_it_does_not_hinder(self, admin_client: Client) -> None:
        for name in ("a", "b"):
            reported(bug_id=name, user_impact="critical", error_type="DataLoss")
        bugs.acknowledge(bug_id="b")
        chosen = {"action": "acknowledge", "_selected_action": list(Bug.objects.values_list("pk", flat=True))}
        answer = admin_client.post(LIST, chosen, follow=True)
        assert set(Bug.objects.values_list("status", flat=True)) == {"acknowledged"}
        assert "past that already" in answer.content.decode().lower()
        assert Event.objects.filter(entity_id="a").latest("id").actor == "admin"
        assert events("b").count("bug.acknowledged") == 1


@pytest.mark.django_db
class TestTheMoves:
    def test_it_goes_from_pending_to_resolved_by_buttons(self, admin_client: Client) -> None:
        bug = reported(user_impact="critical", error_type="DataLoss")
        for move, status in (("acknowledge", "acknowledged"), ("investigate", "investigating")):
            assert make(admin_client, bug, move).status_code == 302
            assert bug.status == status
        make(admin_client, bug, "resolve", resolution="The index was rebuilt.", resolved_by="")
        assert (bug.status, bug.resolution, bug.resolved_by) == ("resolved", "The index was rebuilt.", "admin")
        assert "The index was rebuilt." in page(admin_client, bug)
        make(admin_client, bug, "reopen", reason="It is back.")
        assert bug.status == "pending"
        last = Event.objects.filter(entity_id=bug.bug_id).latest("id")
        assert (last.event_type, last.actor, last.context["reason"]) == ("bug.reopened", "admin", "It is back.")
        assert "because It is back." in page(admin_client, bug)

    def test_resolving_asks_how_and_takes_nothing_for_an_answer(self, admin_client: Client) -> None:
        bug = reported()
        asked = admin_client.get(reverse("admin:escalation_bug_move", args=[bug.pk, "resolve"])).content.decode()
        assert "whoever meets it again reads this first" in asked
        for nothing in ("", "   "):
            assert make(admin_client, bug, "resolve", resolution=nothing).status_code == 200
        assert bug.is_open
        refused = make(admin_client, bug, "resolve", resolution="x", resolved_by="a\x07b").content.decode()
        assert "one line without control characters" in refused
        assert bug.is_open

    def test_a_page_offers_only_what_can_follow(self, admin_client: Client) -> None:
        bug = reported()

        def offered() -> set[str]:
            answer = admin_client.get(reverse("admin:escalation_bug_change", args=[bug.pk]))
            return {offer.name for offer in answer.context["offers"]}

        assert {"investigate", "resolve", "mute", "set_deadline"} <= offered()
        assert not offered() & {"acknowledge", "reopen", "end_muting"}
        bugs.resolve(bug_id=bug.bug_id, resolution="done")
        assert "reopen" in offered()
        assert not offered() & {"acknowledge", "investigate", "resolve", "mute", "set_deadline"}
        answer = admin_client.post(
            reverse("admin:escalation_bug_move", args=[bug.pk, "resolve"]), {"resolution": "again"}, follow=True
        )
        assert "past that already" in answer.content.decode().lower()
        assert Bug.objects.get().resolution == "done"

    def test_it_is_assigned_taken_and_given_back(self, admin_client: Client) -> None:
        bug = reported()
        make(admin_client, bug, "assign", assignee="kim")
        assert bug.assignee == "kim"
        make(admin_client, bug, "take")
        assert bug.assignee == "admin"
        make(admin_client, bug, "assign", assignee="")
        assert bug.assignee == ""
        assert events(bug.bug_id)[-3:] == ["bug.assigned", "bug.assigned", "bug.unassigned"]

    def test_it_is_muted_for_hours_and_called_back(self, admin_client: Client) -> None:
        bug = reported()
        before = timezone.now()
        make(admin_client, bug, "mute", hours="2")
        assert bug.muted_until is not None
        assert before + timedelta(hours=2) <= bug.muted_until <= timezone.now() + timedelta(hours=2)
        make(admin_client, bug, "end_muting")
        assert bug.muted_until is None
        for wrong in ("0", "-1", "x", "", "1e400", "nan"):
            assert make(admin_client, bug, "mute", hours=wrong).status_code == 200
        assert bug.muted_until is None

    def test_impact_tags_deadline_and_tickets_go_through_their_operations(self, admin_client: Client) -> None:
        bug = reported()
        make(admin_client, bug, "change", user_impact="critical", tag_names="cart, UI")
        assert (bug.user_impact, bug.priority) == ("critical", "high")
        assert [tag.name for tag in bug.tags.all()] == ["cart", "ui"]
        assert b"at most 64" in make(admin_client, bug, "change", user_impact="low", tag_names="x" * 65).content
        make(admin_client, bug, "set_deadline", deadline_hours="3")
        assert bug.priority == "critical"
        for passed in ("0", "-3"):
            assert b"Must be more than 0" in make(admin_client, bug, "set_deadline", deadline_hours=passed).content
        make(admin_client, bug, "set_deadline", deadline_hours="")
        assert bug.deadline_at is None
        ticket = {"system": "jira", "ticket_id": "SHOP-1", "url": "https://jira.example/SHOP-1", "link_type": "related"}
        make(admin_client, bug, "link_ticket", **ticket)
        assert 'href="https://jira.example/SHOP-1"' in page(admin_client, bug)
        refused = make(admin_client, bug, "link_ticket", **(ticket | {"url": "javascript:alert(1)"}))
        assert b"Must begin with http" in refused.content
        assert {"bug.updated", "bug.ticket_linked"} <= set(events(bug.bug_id))

    def test_who_may_only_look_sees_no_button_and_moves_nothing(self, client: Client) -> None:
        bug = reported(user_impact="critical", error_type="DataLoss")
        watcher = User.objects.create_user("watcher", password="watcher", is_staff=True)
        watcher.user_permissions.add(Permission.objects.get(codename="view_bug"))
        client.force_login(watcher)
        answer = client.get(reverse("admin:escalation_bug_change", args=[bug.pk]))
        assert answer.context["offers"] == []
        assert make(client, bug, "acknowledge").status_code == 403
        assert bug.status == "pending"
        client.post(LIST, {"action": "acknowledge", "_selected_action": [bug.pk]})
        bug.refresh_from_db()
        assert bug.status == "pending"

    def test_the_page_itself_saves_nothing(self, admin_client: Client) -> None:
        bug = reported()
        assert 'name="_save"' not in page(admin_client, bug)
        answer = admin_client.post(reverse("admin:escalation_bug_change", args=[bug.pk]), {"assignee": "kim"})
        assert answer.status_code == 403
        bug.refresh_from_db()
        assert bug.assignee == ""


@pytest.mark.django_db
class TestThePage:
    def test_a_stack_trace_begins_with_the_own_frames(self, admin_client: Client) -> None:
        bug = reported(error_type="DatabaseConnectionError", stack_trace=TRACE)
        text = page(admin_client, bug)
        own, others = text.index("pool.getconn(timeout=5)"), text.index("wrapped_callback(request")
        assert text.index("order = place(cart)") > own, "the innermost own frame is first"
        assert "1 frame of libraries" in text[own:others]
        assert text.index("As it was reported") > others

    def test_causes_stand_below_what_came_of_them(self, admin_client: Client) -> None:
        chained = (
            'Traceback (most recent call last):\n  File "/srv/a.py", line 1, in inner\nOSError: gone\n\n'
            "The above exception was the direct cause of the following exception:\n\n"
            'Traceback (most recent call last):\n  File "/srv/b.py", line 2, in outer\nCartError: no cart\n'
        )
        text = page(admin_client, reported(stack_trace=chained))
        assert text.index("<h3>CartError</h3>") < text.index("<h3>caused by OSError</h3>")

    def test_what_is_no_known_trace_is_shown_as_it_came_and_markup_as_text(self, admin_client: Client) -> None:
        hostile = "<script>alert(1)</script>"
        bug = reported(bug_id="<b>one", error_message=hostile, stack_trace=hostile, metadata={hostile: [hostile]})
        bugs.assign(bug_id=bug.bug_id, assignee=hostile)
        bugs.resolve(bug_id=bug.bug_id, resolution=hostile)
        for text in (page(admin_client, bug), admin_client.get(LIST, {"q": "one"}).content.decode()):
            assert "<script>alert" not in text
            assert "<b>one" not in text
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text

    def test_the_priority_is_the_sum_of_what_is_written_beside_it(self, admin_client: Client) -> None:
        bug = reported(user_impact="high", error_type="DataLoss", deadline_hours=2)
        text = page(admin_client, bug)
        for factor in bug.priority_factors:
            assert factor["reason"] in text
        assert f"<b>{sum(factor['points'] for factor in bug.priority_factors)}</b>" in text
        assert "80 and more is critical, 50 and more is high, 30 and more is medium" in text

    def test_only_the_newest_reports_are_listed_and_all_are_counted(self, admin_client: Client) -> None:
        for number in range(25):
            bug = reported(bug_id="many", error_message=f"number {number}.")
        text = page(admin_client, bug)
        assert "The newest 20 of 25 reports kept; 25 counted in all." in text
        assert "number 24." in text
        assert ">number 4.<" not in text
        assert "Reports, by hour (UTC)" in text

    def test_the_chart_counts_reports_that_are_no_longer_kept(self, admin_client: Client) -> None:
        bug = reported()
        reported()
        bug.occurrences.all().delete()
        text = page(admin_client, bug)
        assert "Reports, by hour (UTC)" in text
        assert "2 counted in all." in text

    def test_where_a_bug_of_an_sdk_was_seen_is_told_and_of_others_left_out(self, admin_client: Client) -> None:
        assert "Where it was seen" not in page(admin_client, reported())
        counted(project(), error(release="shop@7", environment="live"))
        text = page(admin_client, Bug.objects.get(first_release="shop@7"))
        assert "Release shop@7" in text
        assert "Environment live" in text

    def test_the_page_says_why_its_reports_are_one_bug(self, admin_client: Client) -> None:
        counted(project(), error("KeyError", "'id'", "outer", "inner"))
        bug = Bug.objects.get()
        text = page(admin_client, bug)
        assert "It is grouped by where it was raised" in text
        for part in bug.fingerprint_parts:
            assert f"<li><code>{part}</code></li>" in text
        assert text.index(">inner</td>") < text.index(">outer</td>")

    def test_the_history_tells_what_became_of_it(self, admin_client: Client) -> None:
        bug = reported(user_impact="critical", error_type="DataLoss")
        bugs.acknowledge(bug_id=bug.bug_id)
        bugs.assign(bug_id=bug.bug_id, assignee="kim")
        text = page(admin_client, bug)
        assert text.index("assignee: kim") < text.index("status: pending to acknowledged")
        event = Event.objects.filter(entity_id=bug.bug_id).latest("id")
        assert reverse("admin:audit_event_change", args=[event.pk]) in text

    def test_a_bug_that_came_back_shows_when(self, admin_client: Client) -> None:
        bug = reported()
        assert "Came back" not in page(admin_client, bug)
        bugs.resolve(bug_id=bug.bug_id, resolution="done")
        bugs.reopen(bug_id=bug.bug_id)
        assert "Came back" in page(admin_client, bug)

    def test_it_is_called_by_what_goes_wrong_and_says_nothing_of_what_it_has_not(self, admin_client: Client) -> None:
        bug = reported(error_message="no <price>\nfor item 17")
        text = page(admin_client, bug)
        assert "<h1>KeyError: no &lt;price&gt; for item 17</h1>" in text
        assert f'<p class="kind">Bug {bug.bug_id}</p>' in text
        assert "Nobody is called for it: it is neither high nor critical." in text
        for absent in (
            "Stack trace</h2>",
            "Tickets</h2>",
            "did not hold</h2>",
            "What the program sent</h2>",
            "<svg role",
        ):
            assert absent not in text
        bugs.investigate(bug_id=bug.bug_id)
        assert "Nobody is called for it" not in page(admin_client, bug)
        chosen = {"action": "resolve", "_selected_action": [bug.pk]}
        assert ">KeyError: no &lt;price&gt; for item 17</a>" in admin_client.post(LIST, chosen).content.decode()

    @pytest.mark.parametrize(("hours", "said"), [(5, "in time"), (1, "too late")])
    def test_of_a_bug_that_is_over_the_deadline_says_whether_it_was_in_time(
        self, admin_client: Client, hours: int, said: str
    ) -> None:
        bug = reported(deadline_hours=hours)
        Bug.objects.update(deadline_at=bug.deadline_at - timedelta(hours=2))
        assert "overdue" in page(admin_client, bug) or hours == 5
        bugs.resolve(bug_id=bug.bug_id, resolution="done")
        text = page(admin_client, bug)
        assert f">{said}</span>" in text
        assert "overdue" not in text

    def test_each_report_has_a_page(self, admin_client: Client) -> None:
        bug = reported(stack_trace=TRACE, metadata={"release": {"name": "2026.11"}})
        report = bug.occurrences.get()
        text = admin_client.get(reverse("admin:escalation_occurrence_change", args=[report.pk])).content.decode()
        assert "2026.11" in text
        assert "1 frame of libraries" in text
        assert listed_reports(admin_client, q=bug.bug_id) == [report.pk]


def listed_reports(client: Client, **query: str) -> list[int]:
    answer = client.get("/admin/escalation/occurrence/", query)
    return [row.pk for row in answer.context["cl"].result_list]


NOW = datetime(2026, 3, 29, 10, 30, tzinfo=UTC)


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=90)), min_size=1, max_size=40))
def test_the_chart_counts_every_report_of_its_span_once(ages: list[timedelta]) -> None:
    hours = [((NOW - age).replace(minute=0, second=0, microsecond=0), 1) for age in ages]
    title, points = appearances.per_step(hours, now=NOW)
    assert sum(count for _, count in points) == len(ages)
    assert len(points) <= 92
    assert "hour" in title if NOW - min(hours)[0] <= timedelta(days=2) else "day" in title


def test_the_chart_leaves_out_what_lies_before_its_days() -> None:
    _, points = appearances.per_step([(NOW, 1), (NOW - timedelta(days=400), 1)], now=NOW)
    assert sum(count for _, count in points) == 1
    assert appearances.per_step([], now=NOW)[1][-1] == ("10:00", 0)
