"""What docs/visioncache.md says is what the code does."""

import re
from pathlib import Path

from visioncache import buffer, counting, identity, images, leases, lookups, removal, terms

TEXT = (Path(__file__).parents[2] / "docs" / "visioncache.md").read_text(encoding="utf-8")


def test_the_transport_fields_are_those_of_the_code() -> None:
    listed = TEXT.split("how a request travels:")[1].split(". They are dropped")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == identity.TRANSPORT_FIELDS


def test_the_fields_kept_as_hashes_are_those_of_the_code() -> None:
    listed = TEXT.split("kept as hashes only:")[1].split(". They count")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == identity.HASHED_FIELDS


def test_the_figures_are_those_of_the_code() -> None:
    assert f"at\nmost {images.MAX_IMAGE_BYTES // 1024**2} MiB" in TEXT
    assert f"`ttl_hours` is {terms.DEFAULT_TTL_HOURS} by default" in TEXT
    assert f"({leases.LEASE_SECONDS}; 1 to {leases.MAX_LEASE_SECONDS})" in TEXT
    assert f"newest {lookups.NEAREST_OF} entries" in TEXT
    assert f"batches of {removal.BATCH:,}" in TEXT
    assert f"as many as {1_000 * removal.HOLD_SECONDS:.0f} ms" in TEXT
    assert f"as soon as {counting.FLUSH_KEYS} entries wait" in TEXT
    assert f"{buffer.MOST_KEPT:,} entries and" in TEXT
