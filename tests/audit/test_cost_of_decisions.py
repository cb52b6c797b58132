"""What a decision costs, counted: statements, rules asked, texts searched. No clock has a say."""

from collections import Counter
from collections.abc import Iterable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.permissions import decisions, kept, store, version
from audit.permissions.index import RuleIndex, Subject
from audit.permissions.matching import Matcher
from config import canonical
from config.secrets import values

pytestmark = pytest.mark.django_db


def decided(command: str = "npm test") -> decisions.Decided:
    return decisions.decide(
        tool_name="Bash", tool_input={"command": command}, agent="claude", cwd="/project", asks=False
    )


def asked(queries: CaptureQueriesContext) -> list[str]:
    """The statements up to the table, but for those of transactions, and the triggers that one on SQLite looks for."""
    known = [query["sql"] for query in queries if not any(word in query["sql"] for word in ("SAVEPOINT", "sqlite_m"))]
    return [" ".join(sql.split(maxsplit=4)[:4]) if sql[0] == "S" else sql.partition(" (")[0] for sql in known]


def test_a_decision_reads_the_version_of_the_rules_and_writes_its_event() -> None:
    store.load_defaults()
    decided()
    with CaptureQueriesContext(connection) as queries:
        assert decided().decision.decision == "allow"
    read, written = asked(queries)
    assert read.startswith("SELECT version")
    assert written == "INSERT INTO audit_event"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL finds them by their tables")
def test_the_triggers_behind_a_version_are_looked_for_once_a_schema() -> None:
    version.current()
    with CaptureQueriesContext(connection) as queries:
        version.current()
    assert len(queries) == 1
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER rules_version_insert")
    try:
        assert version.current() is None
    finally:
        version.install("default")
    assert version.current() is not None


def test_rules_are_read_once_after_a_change_and_not_again() -> None:
    store.create_rule(tool="Bash", decision="allow")
    kept.bounds()
    store.create_rule(tool="Bash", specifier="npm *", decision="deny")
    with CaptureQueriesContext(connection) as queries:
        assert {decided().decision.decision for _ in range(5)} == {"deny"}
    assert sum('FROM "audit_permissionrule"' in query["sql"] for query in queries) == 1


def test_a_command_asks_the_rules_of_its_program_and_those_tied_to_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of the 206 there are."""
    store.load_defaults()
    store.create_rule(tool="Bash", decision="allow")
    store.create_rule(tool="*", decision="confirm")
    found: list[str] = []
    about = RuleIndex.about

    def counting(index: RuleIndex, subjects: Iterable[Subject]) -> list[Matcher]:
        rules = about(index, subjects)
        found.extend(item.rule.text for item in rules)
        return rules

    monkeypatch.setattr(RuleIndex, "about", counting)
    decided()
    assert sorted(found) == ["*", "Bash(mkfs*)", "Bash(npm publish *)"]


def test_the_event_of_a_decision_is_hashed_by_the_quick_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number with a fraction, and the canonical JSON of the whole event takes eight times as long."""
    monkeypatch.setattr(canonical, "_slow", lambda value: pytest.fail(f"{value} has something odd"))
    context = decided().event.context
    assert context is not None
    assert type(context["microseconds"]) is int


def test_a_text_that_an_event_has_more_than_once_is_searched_for_secrets_once(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: Counter[str] = Counter()
    blank = values.blank

    def counting(text: str) -> str:
        searched[text] += 1
        return blank(text)

    monkeypatch.setattr(values, "blank", counting)
    command = "frobnicate --all some/folder"
    event = decided(command).event
    told = f"{event.new_value}{event.context}"
    assert told.count(command) > 3
    # Once for whether it was cut by the search and so cannot be judged again, once for what is kept.
    assert searched[command] == 2
    assert max(searched.values()) == 2
