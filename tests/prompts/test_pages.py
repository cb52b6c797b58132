"""The pages of prompts, where people work: from a text to a verdict without leaving them."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import Event
from prompts import demo
from prompts.cases import create_test_case
from prompts.execution import execute_run
from prompts.models import Prompt, Run, RunResult, TestCase, Version
from prompts.testing import test_prompt_version as start_test
from prompts.versions import activate_version, save_version

pytestmark = pytest.mark.django_db
ECHO = "Say {{ input }}"


def address(row: Any, move: str = "") -> str:
    kind = f"admin:{row._meta.app_label}_{row._meta.model_name}"
    return reverse(f"{kind}_move", args=[row.pk, move]) if move else reverse(f"{kind}_change", args=[row.pk])


def page(client: Client, row: Any, **query: str) -> str:
    answer = client.get(address(row), query)
    assert answer.status_code == 200
    return answer.content.decode()


def listing(client: Client, model: str, **query: str) -> str:
    answer = client.get(reverse(f"admin:prompts_{model}_changelist"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def echo(**given: Any) -> Version:
    return save_version(prompt_id="echo", **({"prompt_text": ECHO} | given)).version


@pytest.fixture
def demonstration() -> Prompt:
    demo.load()
    return Prompt.objects.get()


class TestTheLists:
    def test_prompts_show_what_is_active_and_how_the_last_test_went(
        self, admin_client: Client, demonstration: Prompt
    ) -> None:
        text = listing(admin_client, "prompt")
        assert text.index("triage-ticket") < text.index("version 1") < text.index("regression") < text.index("0 of 8")
        activate_version(prompt_id="triage-ticket", number=2)
        assert "version 2" in listing(admin_client, "prompt")

    def test_the_list_of_prompts_reads_no_text_and_asks_as_often_for_many(self, admin_client: Client) -> None:
        def asked() -> list[str]:
            with CaptureQueriesContext(connection) as queries:
                listing(admin_client, "prompt")
            return [query["sql"] for query in queries]

        echo()
        one = asked()
        assert not [sql for sql in one if '"prompt_text"' in sql]
        for number in range(8):
            save_version(prompt_id=f"prompt-{number}", prompt_text="a")
        assert len(asked()) == len(one)

    def test_versions_cases_and_runs_show_their_outcomes(self, admin_client: Client, demonstration: Prompt) -> None:
        versions = listing(admin_client, "version")
        for said in ("production", "no difference", "8 of 8", "100 %", "Triage"):
            assert said in versions
        cases = listing(admin_client, "testcase")
        for said in ("Could you add a dark theme?", "feature", ">failed</span>"):
            assert said in cases
        runs = listing(admin_client, "run")
        for said in ("regression", "0 of 8, 0 %", "scripted-demo", "not compared"):
            assert said in runs

    def test_runs_are_found_by_their_verdict(self, admin_client: Client, demonstration: Prompt) -> None:
        found = listing(admin_client, "run", verdict__call="regression")
        assert "triage-ticket@3" in found
        assert "triage-ticket@2" not in found

    @pytest.mark.parametrize(
        ("model", "command"),
        [
            ("prompt", "prompt save "),
            ("version", "prompt save "),
            ("testcase", "prompt case "),
            ("run", "prompt test "),
            ("label", "prompt label "),
        ],
    )
    def test_an_empty_list_says_how_to_begin(self, admin_client: Client, model: str, command: str) -> None:
        assert command in listing(admin_client, model)


class TestAPrompt:
    def test_text_cases_runs_and_versions_stand_on_one_page(self, admin_client: Client, demonstration: Prompt) -> None:
        text = page(admin_client, demonstration)
        for said in ("Answer with one word: bug, billing or feature.", "asks for input", "login loop", "Fewer tokens."):
            assert said in text
        assert text.count("scripted-demo") == 3
        assert "Cases passed by the last test of each version" in text
        assert 'name="_save"' not in text

    def test_one_that_has_nothing_yet_says_what_is_next(self, admin_client: Client) -> None:
        form = {"prompt_id": "fresh", "description": "Says things."}
        made = admin_client.post(reverse("admin:prompts_prompt_add"), form)
        prompt = Prompt.objects.get()
        assert made.headers["Location"] == f"{reverse('admin:prompts_version_add')}?prompt={prompt.pk}"
        text = page(admin_client, prompt)
        for said in ("It has no version yet", "It has no test case", "It has not been tested", "Says things."):
            assert said in text
        assert address(prompt, "run_tests") not in text
        again = admin_client.post(reverse("admin:prompts_prompt_add"), form)
        assert "already exists" in again.content.decode()

    def test_a_version_and_a_case_are_added_from_it(self, admin_client: Client) -> None:
        prompt = echo(purpose="Echoes", settings={"temperature": 0}).prompt
        following = admin_client.post(address(prompt, "add_version"), follow=True).content.decode()
        assert ECHO in following
        assert 'value="Echoes"' in following
        assert '<option value="temperature" selected>' in following
        assert f'<option value="{prompt.pk}" selected>' in following
        case = admin_client.post(address(prompt, "add_case"), follow=True).content.decode()
        assert f'<option value="{prompt.pk}" selected>' in case

    def test_its_tests_are_run_from_it(self, admin_client: Client) -> None:
        prompt = echo().prompt
        echo(prompt_text="Tell {{ input }}")
        nothing = admin_client.post(address(prompt, "run_tests"))
        assert "has no test cases. Add some" in nothing.content.decode()
        create_test_case(prompt_id="echo", name="a", input="x", expected_output="y")
        assert admin_client.post(address(prompt, "run_tests")).status_code == 302
        newest = Run.objects.latest("id")
        assert (newest.version.number, newest.status, newest.created_by) == (2, "pending", "admin")
        given = {"number": "1", "model": "other-model", "concurrency": "7"}
        started = admin_client.post(address(prompt, "run_tests"), given)
        run = Run.objects.latest("id")
        assert started.headers["Location"] == address(run)
        assert (run.version.number, run.model, run.concurrency) == (1, "other-model", 7)
        assert "has no version 9" in admin_client.post(address(prompt, "run_tests"), {"number": "9"}).content.decode()
        assert admin_client.post(address(prompt, "run_tests"), {"concurrency": "33"}).status_code == 200
        assert Run.objects.count() == 2

    def test_it_is_described_and_deleted_by_the_operations(self, admin_client: Client) -> None:
        prompt = echo().prompt
        asked = admin_client.get(address(prompt, "describe")).content.decode()
        assert "<textarea" in asked
        admin_client.post(address(prompt, "describe"), {"description": "changed"})
        assert Prompt.objects.get().description == "changed"
        assert Event.objects.latest("id").event_type == "prompt.updated"
        assert "changed</textarea>" in admin_client.get(address(prompt, "describe")).content.decode()
        admin_client.post(reverse("admin:prompts_prompt_delete", args=[prompt.pk]), {"post": "yes"})
        assert not Prompt.objects.exists()
        assert Event.objects.latest("id").event_type == "prompt.deleted"

    def test_who_may_only_look_is_offered_nothing(self, client: Client, demonstration: Prompt) -> None:
        watcher = User.objects.create_user("watcher", is_staff=True)
        watcher.user_permissions.set(Permission.objects.filter(codename__in=["view_prompt", "view_version"]))
        client.force_login(watcher)
        assert client.get(address(demonstration)).context["offers"] == []
        for move in ("add_version", "add_case", "run_tests", "describe"):
            assert client.post(address(demonstration, move), {"description": "x"}).status_code == 403
        version = Version.objects.get(number=3)
        assert client.post(address(version, "activate")).status_code == 403
        assert Prompt.objects.get().active.number == 1  # type: ignore[union-attr]


class TestAVersion:
    def test_it_stands_word_by_word_beside_the_one_before_or_any_other(
        self, admin_client: Client, demonstration: Prompt
    ) -> None:
        version = Version.objects.get(number=3)
        text = page(admin_client, version)
        assert "From version 2 to version 3: 8 lost and 0 won of 8 common cases" in text
        assert "<del>" in text
        assert "<ins>" in text
        assert text.count(">passed</span>") >= 8, "the cases that flipped"
        assert "From version 1 to version 3" in page(admin_client, version, against="1")
        for nonsense in ("9", "3", "x", "-1", "9" * 30, ""):
            assert "From version 2 to version 3" in page(admin_client, version, against=nonsense)
        assert "From version 2 to version 1" in page(admin_client, Version.objects.get(number=1))

    def test_settings_that_differ_are_told(self, admin_client: Client) -> None:
        echo(settings={"temperature": 0})
        second = echo(settings={"temperature": 1, "seed": 7})
        text = page(admin_client, second)
        assert "The texts are equal." in text
        assert '<th scope="row">temperature</th>' in text
        assert '<th scope="row">seed</th>' in text

    def test_the_only_one_says_that_there_is_no_other(self, admin_client: Client) -> None:
        assert "It is the only version." in page(admin_client, echo())

    def test_it_is_activated_by_a_button_once(self, admin_client: Client) -> None:
        version = echo()
        text = page(admin_client, version)
        assert address(version, "activate") in text
        answer = admin_client.post(address(version, "activate"), follow=True)
        assert "programs fetch it from now on" in answer.content.decode()
        assert Event.objects.latest("id").event_type == "prompt.version_activated"
        assert address(version, "activate") not in answer.content.decode()

    def test_many_are_tested_at_once_and_asked_for_the_model_once(self, admin_client: Client) -> None:
        versions = [echo(), echo(prompt_text="Tell {{ input }}")]
        create_test_case(prompt_id="echo", name="a", input="x", expected_output="y")
        chosen = {"action": "run_test", "_selected_action": [version.pk for version in versions]}
        asked = admin_client.post(reverse("admin:prompts_version_changelist"), chosen)
        assert 'name="run_test-model"' in asked.content.decode()
        assert not Run.objects.exists()
        answered = chosen | {"_answered": "1", "run_test-model": "small", "run_test-concurrency": "2"}
        assert admin_client.post(reverse("admin:prompts_version_changelist"), answered).status_code == 302
        assert sorted(Run.objects.values_list("version__number", "model", "concurrency")) == [
            (1, "small", 2),
            (2, "small", 2),
        ]

    def test_it_is_written_as_text_or_as_messages_and_with_settings(self, admin_client: Client) -> None:
        prompt = Prompt.objects.create(prompt_id="echo")
        form = {
            "prompt": prompt.pk,
            "prompt_text": "",
            "messages-0-role": "system",
            "messages-0-content": "You echo.\r\nBriefly.",
            "messages-1-role": "user",
            "messages-1-content": "{{ input }}",
            "settings-0-name": "temperature",
            "settings-0-value": "0.5",
            "settings-1-name": "stop",
            "settings-1-value": '["END"]',
            "settings-2-name": "model",
            "settings-2-value": "small",
            "activate": "on",
        }
        answer = admin_client.post(reverse("admin:prompts_version_add"), form)
        assert answer.status_code == 302
        version = Version.objects.get()
        assert version.messages == [
            {"role": "system", "content": "You echo.\nBriefly."},
            {"role": "user", "content": "{{ input }}"},
        ]
        assert version.settings == {"temperature": 0.5, "stop": ["END"], "model": "small"}
        assert version.is_active
        following = admin_client.get(reverse("admin:prompts_version_add"), {"prompt": prompt.pk}).content.decode()
        assert "You echo.\nBriefly.</textarea>" in following
        assert "[&quot;END&quot;]" in following

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"prompt_text": "{{ x"}, "the block that begins with {{ in line 1 is not closed"),
            ({"prompt_text": ""}, "Write a text here, or messages instead of it."),
            ({"messages-0-role": "user", "messages-0-content": "hi"}, "There is a text above, too."),
            ({"prompt_text": "", "messages-0-role": "user", "messages-0-content": "{% if %}"}, "Row 1, content: "),
            ({"messages-0-role": "", "messages-0-content": "hi"}, "choose who says it"),
            ({"settings-0-name": "temperature", "settings-0-value": "hot"}, "no number and no JSON"),
            ({"settings-0-name": "temperature", "settings-0-value": "9"}, "from 0 to 2"),
            ({"settings-0-name": "", "settings-0-value": "9"}, "Choose the setting"),
        ],
    )
    def test_what_cannot_be_saved_says_why_and_keeps_what_was_typed(
        self, admin_client: Client, wrong: dict[str, str], told: str
    ) -> None:
        prompt = Prompt.objects.create(prompt_id="echo")
        form = {"prompt": prompt.pk, "prompt_text": "typed {{ input }}", "notes": "kept"} | wrong
        answer = admin_client.post(reverse("admin:prompts_version_add"), form)
        text = answer.content.decode()
        assert told in text
        assert not answer.context["adminform"].form.non_field_errors(), "it stands where it is mended"
        assert "kept</textarea>" in text
        for value in wrong.values():
            assert value in text
        assert not Version.objects.exists()

    @pytest.mark.parametrize("given", ["x", "999999", "9" * 40, ""])
    def test_a_version_of_no_prompt_begins_blank(self, admin_client: Client, given: str) -> None:
        assert admin_client.get(reverse("admin:prompts_version_add"), {"prompt": given}).status_code == 200


class TestACase:
    FORM = {"name": "sunset", "type": "smoke", "input": "The sun set."}

    def add(self, client: Client, **form: Any) -> Any:
        return client.post(reverse("admin:prompts_testcase_add"), {"prompt": Prompt.objects.get().pk, **form})

    def test_it_is_plain_text_as_a_person_types_it(self, admin_client: Client) -> None:
        echo()
        answer = self.add(admin_client, **self.FORM, expected_output="Two\r\nlines")
        assert answer.status_code == 302
        case = TestCase.objects.get()
        assert (case.input, case.expected_output, case.assertions) == ("The sun set.", "Two\nlines", [])
        assert case.created_by == "admin"
        text = page(admin_client, case)
        assert "The sun set.</textarea>" in text
        assert "What each check wants as its value" in text

    def test_checks_are_rows_and_variables_have_names(self, admin_client: Client) -> None:
        echo(prompt_text="{{ mood }}: {{ words }}")
        blank = admin_client.get(reverse("admin:prompts_testcase_add"), {"prompt": Prompt.objects.get().pk})
        text = blank.content.decode()
        assert "The prompt asks for mood, words." in text
        assert 'value="mood"' in text
        rows = {
            "input_variable-0-name": "mood",
            "input_variable-0-value": "glad",
            "input_variable-1-name": "words",
            "input_variable-1-value": '["a", "b"]',
            "assertions-0-holds": "must",
            "assertions-0-type": "contains-all",
            "assertions-0-value": "a\r\nb",
            "assertions-1-holds": "must not",
            "assertions-1-type": "icontains",
            "assertions-1-value": "sorry",
            "assertions-1-weight": "2",
            "assertions-2-holds": "must",
            "assertions-2-type": "",
            "assertions-2-value": "",
        }
        answer = self.add(admin_client, name="moody", type="general", input="", threshold="0.5", **rows)
        assert answer.status_code == 302
        case = TestCase.objects.get()
        assert case.input == {"mood": "glad", "words": ["a", "b"]}
        assert case.assertions == [
            {"type": "contains-all", "value": ["a", "b"]},
            {"type": "not-icontains", "value": "sorry", "weight": 2},
        ]
        assert case.threshold == 0.5

    def test_what_is_left_as_it_was_shown_stays_exactly_so(self, admin_client: Client) -> None:
        echo()
        assertions = [
            {"type": "equals", "value": 5},
            {"type": "equals", "value": '{"a": 1}'},
            {"type": "contains", "value": "x", "threshold": None, "weight": 1.0},
        ]
        given = {"input": {"input": "[1]", "n": 5}, "assertions": assertions}
        case = create_test_case(prompt_id="echo", name="kept", **given)
        shown = admin_client.get(address(case)).context["adminform"].form
        form = {"name": "kept, renamed", "type": case.type, "input": "", "expected_output": ""}
        for name, rows in (("assertions", shown["assertions"].value()), ("input_variable", shown["input"].value()[1])):
            for index, row in enumerate(rows):
                form |= {f"{name}-{index}-{key}": value for key, value in row.items()}
        assert admin_client.post(address(case), form).status_code == 302
        case.refresh_from_db()
        assert (case.name, case.input, case.assertions) == ("kept, renamed", given["input"], assertions)

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({}, "Say what must come back: the whole answer here, or a check below."),
            ({"assertions-0-type": "", "assertions-0-value": "x"}, "Row 1: choose what is checked."),
            ({"assertions-0-type": "word-count", "assertions-0-value": "some"}, "Write 10, at most 10"),
            ({"assertions-0-type": "regex", "assertions-0-value": "("}, "Row 1, value: "),
            (
                {"assertions-0-type": "contains", "assertions-0-value": ""},
                "Row 1, value: Must be a string that is not empty",
            ),
            (
                {"assertions-0-type": "bleu", "assertions-0-value": "x", "assertions-0-threshold": "y"},
                "must be a number",
            ),
            ({"expected_output": "x", "input_variable-0-name": "a", "input_variable-0-value": "b"}, "not both"),
            ({"expected_output": "x", "input_variable-0-name": "", "input_variable-0-value": "b"}, "no variable"),
            ({"expected_output": "x", "threshold": "2"}, "less than or equal to 1"),
            ({"expected_output": "x", "name": "n" * 121}, "at most 120 characters"),
        ],
    )
    def test_what_cannot_be_kept_says_why(self, admin_client: Client, wrong: dict[str, str], told: str) -> None:
        echo()
        answer = self.add(admin_client, **(self.FORM | wrong))
        assert answer.status_code == 200
        assert told in answer.content.decode()
        assert not answer.context["adminform"].form.non_field_errors(), "it stands where it is mended"
        assert not TestCase.objects.exists()

    def test_variables_by_name_stay_in_sight_while_they_are_mended(self, admin_client: Client) -> None:
        echo()
        both = {"input_variable-0-name": "a", "input_variable-0-value": "typed"}
        text = self.add(admin_client, **self.FORM, **both).content.decode()
        assert "<details open><summary>Several variables by name" in text
        assert "the text can stand as `input`" in text
        assert 'value="typed"' in text or "typed</textarea>" in text

    def test_one_that_the_prompt_cannot_be_asked_with_is_kept_and_said(self, admin_client: Client) -> None:
        prompt = echo(prompt_text="In {{ lang }}: {{ input }}", activate=True).prompt
        answer = self.add(admin_client, **self.FORM, expected_output="x")
        assert answer.status_code == 302
        told = admin_client.get(answer.headers["Location"]).content.decode()
        assert "echo@1 cannot be tested with sunset. The input does not fit the template (missing: lang)." in told
        case, version = TestCase.objects.get(), prompt.versions.get()
        for row, move in ((prompt, "run_tests"), (version, "run_test")):
            hindered = admin_client.post(address(row, move)).content.decode()
            assert f'<a href="{address(case)}">sunset</a>: The input does not fit' in hindered
        assert not Run.objects.exists()

    def test_a_second_one_of_a_name_is_refused_on_the_page(self, admin_client: Client) -> None:
        echo()
        self.add(admin_client, **self.FORM, expected_output="x")
        answer = self.add(admin_client, **self.FORM, expected_output="x")
        assert answer.status_code == 200
        assert "has a case named sunset" in answer.content.decode()
        assert TestCase.objects.count() == 1

    def test_another_is_added_to_the_same_prompt(self, admin_client: Client) -> None:
        prompt = echo().prompt
        answer = self.add(admin_client, **self.FORM, expected_output="x", _addanother="1")
        assert answer.headers["Location"].endswith(f"?prompt={prompt.pk}")


class TestARun:
    def test_it_says_its_verdict_and_shows_outputs_beside_what_was_wanted(
        self, admin_client: Client, demonstration: Prompt
    ) -> None:
        text = page(admin_client, Run.objects.latest("id"))
        assert "Against version 1: 8 lost and 0 won of 8 common cases" in text
        case = text[text.index("I was charged twice") :]
        assert case.index("<pre>billing</pre>") < case.index("This looks like a billing."), (
            "what was wanted, then what came"
        )
        assert text.count('class="run-result"') == 8
        assert "scripted-demo" in text

    def test_what_failed_comes_first_and_can_be_had_alone(self, admin_client: Client) -> None:
        version = echo()
        create_test_case(prompt_id="echo", name="passes", input="x", assertions=[{"type": "contains", "value": "x"}])
        create_test_case(prompt_id="echo", name="fails", input="y", assertions=[{"type": "contains", "value": "z"}])
        run = start_test(prompt_id="echo", number=version.number, model="stub", queued=False)
        execute_run(run_id=run.pk, provider=Echo())
        text = page(admin_client, run)
        assert text.index(">fails<") < text.index(">passes<")
        assert "Not found: &#x27;z&#x27;" in text
        alone = page(admin_client, run, outcome="passed")
        assert ">passes<" in alone
        assert ">fails<" not in alone
        assert ">fails<" in page(admin_client, run, outcome="nonsense")

    def test_long_answers_are_cut_and_markup_is_text(self, admin_client: Client) -> None:
        version = echo()
        hostile = "<script>alert(1)</script>"
        run = start_test(
            prompt_id="echo",
            number=version.number,
            cases=[{"name": hostile, "input": hostile, "expected_output": hostile}],
            model=hostile,
            queued=False,
        )
        RunResult.objects.filter(run=run).update(output=hostile + "a" * 5000, outcome="failed")
        text = page(admin_client, run)
        assert "<script>alert" not in text
        assert "a" * 4000 not in text
        assert "aaa ..." in text
        assert hostile not in listing(admin_client, "run", q="echo")

    def test_one_that_runs_can_be_cancelled_and_one_that_is_over_cannot(self, admin_client: Client) -> None:
        version = echo()
        cases = [{"input": "x", "expected_output": "x"}]
        run = start_test(prompt_id="echo", number=version.number, cases=cases, queued=False)
        assert "There is no verdict before it is finished." in page(admin_client, run)
        assert address(run, "cancel") in page(admin_client, run)
        admin_client.post(address(run, "cancel"))
        run.refresh_from_db()
        assert run.status == "cancelled"
        assert address(run, "cancel") not in page(admin_client, run)
        assert Event.objects.latest("id").event_type == "prompt.run_cancelled"

    def test_only_so_many_results_are_drawn(self, admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        from prompts.admin import runs

        monkeypatch.setattr(runs, "MOST_RESULTS", 3)
        version = echo()
        cases = [{"name": f"case {index}", "input": "x", "expected_output": "x"} for index in range(5)]
        run = start_test(prompt_id="echo", number=version.number, cases=cases, queued=False)
        text = page(admin_client, run)
        assert text.count('class="run-result"') == 3
        assert "2 more" in text
        assert f"/api/v1/prompts/runs/{run.uid}" in text


class Echo:
    """Answers with the question."""

    def complete(self, messages: Any, settings: Any, *, model: str) -> Any:
        from prompts.provider import Answer

        said = messages[-1].content
        return Answer(text=said, model=model, finish_reason="stop", input_tokens=1, output_tokens=1, latency_ms=1)

    def close(self) -> None:
        """There is nothing to close."""
