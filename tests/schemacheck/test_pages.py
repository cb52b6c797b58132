"""The pages of checks: a list that says what was found; paste, Check, and the verdict; findings at their lines."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from config.pages import admin_lists
from schemacheck import checks, shown
from schemacheck.models import Check
from tests.project.plans import read_whole

pytestmark = pytest.mark.django_db
LIST = "/admin/schemacheck/check/"
ADD = f"{LIST}add/"
SQL = "CREATE TABLE orders (\n  id bigint PRIMARY KEY,\n  total monney\n);\nDROP TABLE invoices;\n"
FORM = {"subject": "script", "dialect": "postgresql", "database": "default", "proof": "parse"}


def made(sql: str = SQL, **options: Any) -> Check:
    return checks.check_schema(sql=sql, dialect="postgresql", proof="parse", **options)


def page(client: Client, check: Check) -> str:
    return client.get(f"{LIST}{check.pk}/change/").content.decode()


def listed(client: Client, **query: str) -> list[str]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200, answer.headers
    return [check.title for check in answer.context["cl"].result_list]


# The list


def test_a_row_says_the_worst_finding_what_was_checked_and_for_whom(admin_client: Client) -> None:
    made()
    text = " ".join(re.sub(r"<[^>]*>", " ", admin_client.get(LIST).content.decode()).split())
    assert "error type &quot;monney&quot; does not exist undefined-type CREATE TABLE orders" in text
    assert "orders PostgreSQL" in text


def test_a_list_reads_neither_scripts_nor_reports(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        made()
    asked: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        admin_client.get(LIST)
    rows = [sql for sql in asked if '"schemacheck_check"."title"' in sql]
    assert rows
    assert not [sql for sql in rows if '"schemacheck_check"."report"' in sql or '"schemacheck_check"."sql"' in sql]


def test_who_has_no_database_of_a_project_configured_is_asked_for_postgresql(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handrail's own SQLite says nothing of what the projects run on."""
    monkeypatch.setattr(shown, "only_ours_is_known", lambda: True)
    assert admin_client.get(ADD).context["adminform"].form["dialect"].value() == "postgresql"
    monkeypatch.setattr(shown, "only_ours_is_known", lambda: False)
    assert not admin_client.get(ADD).context["adminform"].form["dialect"].value()


def test_only_a_sqlite_of_our_own_is_no_word_on_the_dialect() -> None:
    assert shown.only_ours_is_known() == (connection.vendor == "sqlite")
    assert shown.database("default") == f"default: Handrail's own, {connection.display_name}"


def test_what_sqlite_did_not_understand_is_judged_as_postgresql_by_one_button(admin_client: Client) -> None:
    check = checks.check_schema(sql="CREATE INDEX CONCURRENTLY orders_of ON orders (customer)", dialect="sqlite")
    assert "Judged as SQLite, by Handrail&#x27;s own database." in page(admin_client, check)
    judged = admin_client.post(
        reverse("admin:schemacheck_check_move", args=[check.pk, "judge_as_postgresql"]), follow=True
    )
    assert Check.objects.latest("id").dialect == "postgresql"
    assert "Judged as SQLite" not in judged.content.decode()
    assert "Judge as PostgreSQL" not in judged.content.decode()


def test_an_empty_list_says_how_to_begin(admin_client: Client) -> None:
    assert "schemacheck --django manage.py" in admin_client.get(LIST).content.decode()


def test_checks_are_found_by_table_rule_caller_hash_id_and_words(admin_client: Client) -> None:
    check = made()
    made("CREATE TABLE customers (id bigint PRIMARY KEY);")
    for term in (
        "orders",
        "undefined-type",
        check.sql_hash,
        str(check.uid),
        "monney",
        "TABLE orders total",
        "does not exist",
    ):
        assert listed(admin_client, q=term) == [check.title], term
    assert len(listed(admin_client, q=check.requested_by)) == 2
    assert listed(admin_client, q="no such words") == []
    assert listed(admin_client, worst_severity__exact="error") == [check.title]


def test_words_are_looked_for_among_the_newest_alone(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = made(), made("DROP TABLE invoices, orders;")
    monkeypatch.setattr(admin_lists, "MOST_SEARCHED", 1)
    assert listed(admin_client, q="monney") == []
    assert listed(admin_client, q="DROP invoices") == [new.title]
    assert listed(admin_client, q=old.sql_hash) == [old.title]


@pytest.mark.parametrize(
    "query",
    ["", "q=orders7", "q=some+words", "worst_severity__exact=error", "requested_by=key3", "status__exact=pending"],
)
def test_no_list_reads_the_table_whole(admin_client: Client, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    monkeypatch.setattr(admin_lists, "MOST_COUNTED", 200)
    monkeypatch.setattr(admin_lists, "MOST_SEARCHED", 100)
    rows = 4_000
    Check.objects.bulk_create(
        Check(
            requested_by=f"key{number % 40}",
            door="rest",
            sql="SELECT 1",
            sql_hash=f"{number:064}",
            status="finished" if number % 50 else "pending",
            valid=True,
            report={},
            table_name=f"orders{number % 400}",
            worst_severity="error" if number % 50 == 1 else "",
            title=f"script {number}",
        )
        for number in range(rows)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE schemacheck_check")
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert admin_client.get(f"{LIST}?{query}").status_code == 200
    reading = [pair for pair in asked if pair[0].lstrip().startswith(("SELECT", "WITH"))]
    whole = [(line, sql) for sql, params in reading for line in read_whole(sql, params, {"schemacheck_check": rows})]
    assert not whole


# Paste, check, read


def test_paste_and_check_lands_on_the_verdict(admin_client: Client) -> None:
    assert 'value="Check"' in admin_client.get(ADD).content.decode()
    answer = admin_client.post(ADD, {**FORM, "sql": SQL})
    check = Check.objects.get()
    assert answer.headers["Location"] == f"{LIST}{check.pk}/change/"
    shown_page = admin_client.get(answer.headers["Location"]).content.decode()
    assert "not valid" in shown_page
    assert "2 statements, 1 error, 1 warning" in shown_page


def test_findings_stand_by_severity_and_lead_to_their_lines_of_the_script(admin_client: Client) -> None:
    html = page(admin_client, made())
    assert html.index("1 error<") < html.index("1 warning<")
    for line, text in ((3, "  total monney"), (5, "DROP TABLE invoices;")):
        assert f'href="#L-{line}"' in html
        assert f'id="L-{line}"' in html
        assert f'<pre class="line" tabindex="0">{text}</pre>' in html


def test_a_fix_can_be_copied_and_a_rule_leads_to_what_explains_it(admin_client: Client) -> None:
    html = page(admin_client, made("ALTER TABLE orders ADD CONSTRAINT a CHECK (total > 0);"))
    assert 'href="/docs/schemacheck-rules#check-without-not-valid"' in html
    assert re.search(r"kit-copy.*?<code>[^<]*NOT VALID", html, re.DOTALL)
    assert "reads it whole" in html


def test_the_lines_of_a_script_too_long_for_colours_can_be_led_to() -> None:
    sql = "SELECT 1;\n" * 30_000 + "DROP TABLE <x>;"
    html = shown.highlighted(sql)
    assert 'id="L-30001">DROP TABLE &lt;x&gt;;</span>' in html


def test_a_script_is_changed_and_checked_anew(admin_client: Client) -> None:
    check = made()
    assert f'href="{ADD}?again={check.uid}"' in page(admin_client, check)
    form = admin_client.get(ADD, {"again": str(check.uid)}).content.decode()
    assert "total monney" in form
    for other in ("nothing", "00000000-0000-7000-8000-000000000000", ""):
        assert admin_client.get(ADD, {"again": other}).status_code == 200


def test_who_may_not_see_checks_does_not_see_their_scripts_in_the_form(client: Client) -> None:
    user = User.objects.create_user("adder", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_check"))
    client.force_login(user)
    check = made()
    answer = client.get(ADD, {"again": str(check.uid)})
    assert answer.status_code == 200
    assert "monney" not in answer.content.decode()


def test_check_again_is_a_button_that_leads_to_the_new_verdict(admin_client: Client) -> None:
    check = made()
    answer = admin_client.post(reverse("admin:schemacheck_check_move", args=[check.pk, "check_again"]))
    newest = Check.objects.latest("pk")
    assert newest.pk != check.pk
    assert answer.headers["Location"] == f"{LIST}{newest.pk}/change/"


def test_who_may_only_look_is_offered_no_button(client: Client) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_check"))
    client.force_login(user)
    check = made()
    assert "Check again" not in page(client, check)
    assert client.post(reverse("admin:schemacheck_check_move", args=[check.pk, "check_again"])).status_code == 403
    assert Check.objects.count() == 1


def test_a_check_that_waits_or_failed_says_so(admin_client: Client) -> None:
    waiting = checks.request_check(sql="DROP TABLE a")
    assert "pending" in page(admin_client, waiting)
    checks.fail_check(check_id=waiting.pk, failure="The worker ran out of time.")
    for html in (page(admin_client, waiting), admin_client.get(LIST).content.decode()):
        assert "The worker ran out of time." in html
