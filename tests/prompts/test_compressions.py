"""What compression dropped can be had back for a day, by whoever sent it and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from config.context import acting_as
from prompts import compressions, offering, tasks
from prompts.compressions import CompressionNotFound, compress_and_keep, get_compression
from prompts.models import Compression

pytestmark = pytest.mark.django_db
LOG = "".join(f"2026-11-30 12:00:{n:02} INFO line {n}\n" for n in range(30)) + "2026-11-30 12:01:00 ERROR disk full\n"


def test_the_whole_text_or_some_lines_come_back_by_hash(reader: Any, call_tool: Any) -> None:
    cut = reader.post("/api/v1/prompts/compress", {"text": LOG, "max_tokens": 60}).json()
    assert "ERROR disk full" in cut["text"]
    where = f"/api/v1/prompts/compressions/{cut['hash']}"
    assert reader.get(where).json()["text"] == LOG
    some = reader.get(f"{where}?first_line=2&last_line=3").json()
    assert some["text"].splitlines() == LOG.splitlines()[1:3]
    assert (some["first_line"], some["last_line"], some["lines"]) == (2, 3, 32)
    assert reader.get(f"{where}?first_line=500").json()["text"] == ""
    assert reader.get(f"{where}?first_line=0").status_code == 400
    assert reader.get("/api/v1/prompts/compressions/unknown").json()["code"] == "compression-not-found"


def test_only_its_writer_gets_it_back() -> None:
    with acting_as(actor="one", person="kim"):
        kept = compress_and_keep(text=LOG, max_tokens=60)
        assert get_compression(hash=kept.hash).text == LOG
        assert offering.compression_values("hash", kept.hash[:3], {}) == [kept.hash]
    for other in ({"actor": "two", "person": "kim"}, {"actor": "one", "person": "lee"}):
        with acting_as(**other), pytest.raises(CompressionNotFound):
            get_compression(hash=kept.hash)


def test_what_lost_nothing_is_not_kept() -> None:
    assert compress_and_keep(text="short", max_tokens=100).hash == ""
    spaced = '{ "a" :  1 , "b" : 2 }'
    assert compress_and_keep(text=spaced, max_tokens=9, language="json").hash == ""
    assert not Compression.objects.exists()


def test_the_same_text_is_kept_once_and_until_its_day_is_over() -> None:
    first = compress_and_keep(text=LOG, max_tokens=60)
    again = compress_and_keep(text=LOG, max_tokens=90)
    assert first.hash == again.hash
    kept = Compression.objects.get()
    assert kept.expires_at - timezone.now() > timedelta(hours=23)
    Compression.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(CompressionNotFound):
        get_compression(hash=first.hash)
    assert tasks.forget_compressions() == 1
    assert not Compression.objects.exists()
    assert compressions.forget_compressions() == 0


def test_a_writer_has_a_share_and_its_oldest_texts_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressions, "MOST_BYTES", 600)
    hashes = [compress_and_keep(text=f"{n}\n{LOG}", max_tokens=60).hash for n in range(6)]
    kept = set(Compression.objects.values_list("hash", flat=True))
    assert hashes[-1] in kept
    assert hashes[0] not in kept
    assert sum(Compression.objects.values_list("packed_bytes", flat=True)) <= 600


def test_a_text_that_is_no_utf8_comes_back_as_it_was() -> None:
    text = "\ud800 lone\n" * 50
    kept = compress_and_keep(text=text, max_tokens=5, language="text")
    assert get_compression(hash=kept.hash).text == text


def test_an_agent_reads_the_lines_as_a_resource() -> None:
    from prompts.mcp import read_compression

    kept = compress_and_keep(text=LOG, max_tokens=60)
    assert read_compression(kept.hash, "2-3")["text"].splitlines() == LOG.splitlines()[1:3]
    assert read_compression(kept.hash, "31")["text"] == LOG.splitlines()[30]
    assert read_compression(kept.hash, "all")["text"] == LOG
    assert [listed.values for listed in offering.newest_compressions(5)] == [(kept.hash, "all")]
