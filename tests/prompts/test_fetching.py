"""The fetch path: by label and ETag at REST, and by the client that applications copy."""

import asyncio
from typing import Any
from urllib.error import HTTPError

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from prompts import client
from prompts.client import PromptNotThere, Prompts
from prompts.labels import move_label, remove_label
from prompts.lookup import LabelNotFound, VersionNotFound, fetch_version
from prompts.models import Version
from prompts.prompts import PromptNotFound
from prompts.serializers.prompts import VersionSerializer
from prompts.versions import activate_version, save_version

P = "/api/v1/prompts/prompts/p"


class Clock:
    """Time that passes when a test says so."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(client, "time", made)
    return made


@pytest.fixture
def versions(db: None) -> None:
    for text in ("a {{ input }}", "b {{ input }}"):
        save_version(prompt_id="p", prompt_text=text)
    activate_version(prompt_id="p", number=1)


@pytest.mark.usefixtures("versions")
class TestByRest:
    def test_a_label_answers_the_version_that_holds_it(self, reader: Any) -> None:
        got = reader.get(f"{P}?label=production").json()
        assert (got["version"], got["prompt_text"], got["labels"]) == (1, "a {{ input }}", ["production"])
        assert reader.get(f"{P}?label=latest").json()["version"] == 2
        assert reader.get(P).json()["active_version"] == 1
        for label, code in (("staging", "label-not-found"), ("", "invalid"), ("x" * 65, "invalid")):
            assert reader.get(P, {"label": label}).json()["code"] == code
        assert reader.get("/api/v1/prompts/prompts/none?label=production").json()["code"] == "prompt-not-found"

    def test_an_etag_answers_304_until_something_that_is_told_changes(self, reader: Any) -> None:
        def ask(tag: str = "") -> Any:
            return reader.get(f"{P}?label=production", headers={"If-None-Match": tag} if tag else {})

        first = ask()
        again = ask(first["ETag"])
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert ask('"other"').status_code == 200
        Version.objects.filter(number=1).update(test_results={"passed": 1})
        tested = ask(first["ETag"])
        assert tested.status_code == 200
        activate_version(prompt_id="p", number=2)
        moved = ask(tested["ETag"])
        assert (moved.status_code, moved.json()["version"]) == (200, 2)
        remove_label(prompt_id="p", label="production")
        assert ask(moved["ETag"]).status_code == 404

    def test_two_look_ups_find_it_with_all_that_is_told_of_it(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            assert VersionSerializer(fetch_version(prompt_id="p")).data["labels"] == ["production"]
        assert len(queries) == 2
        with pytest.raises(LabelNotFound):
            fetch_version(prompt_id="p", label="staging")
        with pytest.raises(PromptNotFound):
            fetch_version(prompt_id="none")
        remove_label(prompt_id="p", label="production")
        with pytest.raises(VersionNotFound):
            fetch_version(prompt_id="p")


@pytest.mark.django_db(transaction=True)
def test_the_client_keeps_what_it_fetched_for_its_time_and_asks_by_etag_then(
    live_server: Any, key_for: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_version(prompt_id="p", prompt_text="a {{ input }}", activate=True)
    save_version(prompt_id="p", prompt_text="b {{ input }}")
    prompts, asked = Prompts(live_server.url, key_for("read")), count_asked(monkeypatch)
    first = prompts.get("p")
    assert (first["version"], prompts.get("p"), asked) == (1, first, [200])
    activate_version(prompt_id="p", number=2)
    assert prompts.get("p")["version"] == 1
    clock.now += 5
    assert prompts.get("p")["version"] == 2
    clock.now += 5
    assert asyncio.run(prompts.aget("p"))["version"] == 2
    assert asyncio.run(prompts.aget("p")) is prompts.get("p")
    assert asked == [200, 200, 304]

    remove_label(prompt_id="p", label="production")
    clock.now += 5
    for _ in range(2):
        with pytest.raises(PromptNotThere, match="No version of p holds production"):
            prompts.get("p")
    move_label(prompt_id="p", label="production", version=1)
    assert prompts.get("p")["version"] == 1, "what is there again is found at once"


@pytest.mark.django_db(transaction=True)
def test_the_client_goes_on_with_what_it_has_while_the_service_is_away_but_not_with_a_refused_key(
    live_server: Any, key_for: Any, clock: Clock
) -> None:
    save_version(prompt_id="p", prompt_text="a {{ input }}", activate=True)
    prompts = Prompts(live_server.url, key_for("read"), timeout_seconds=30)
    assert prompts.get("p")["version"] == 1
    prompts._address = "http://127.0.0.1:9"
    clock.now += 6
    assert prompts.get("p")["version"] == 1
    assert asyncio.run(prompts.aget("p"))["version"] == 1
    with pytest.raises(OSError, match="refused"):
        Prompts("http://127.0.0.1:9", "k").get("p")
    prompts._address, prompts._key = live_server.url, "hr_wrong"
    clock.now += 6
    with pytest.raises(HTTPError, match="401"):
        prompts.get("p")


def count_asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The status of each answer the client gets."""
    statuses: list[int] = []
    ask = client.request.urlopen

    def counted(*args: Any, **options: Any) -> Any:
        try:
            answer = ask(*args, **options)
        except HTTPError as refusal:
            statuses.append(refusal.code)
            raise
        statuses.append(answer.status)
        return answer

    monkeypatch.setattr(client.request, "urlopen", counted)
    return statuses
