"""A small, believable cache: screenshots of a test run and two scanned receipts, stored and asked for."""

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from config.demonstration import Act, busy_moments
from visioncache.entries import store_entry
from visioncache.lookups import look_up
from visioncache.models import Entry

MODEL = "acme-vision-2026-10-01"
STATUS = {"prompt": "What does the status line say?", "parameters": {"temperature": 0}}
RECEIPT = {"prompt": "Total, currency and date of this receipt, as JSON.", "parameters": {"temperature": 0}}

READINGS = [
    ("ci-run-211.png", STATUS, {"status": "PASSED", "tests": 211}, 0.98, ["ci"], 7),
    ("ci-run-212.png", STATUS, {"status": "FAILED", "tests": 211, "failed": ["test_login"]}, 0.96, ["ci"], 12),
    ("ci-run-213.png", STATUS, {"status": "PASSED", "tests": 214}, 0.99, ["ci"], 3),
    ("receipt-0091.jpg", RECEIPT, {"total": "41.80", "currency": "EUR", "date": "2026-11-02"}, 0.93, ["receipts"], 2),
    ("receipt-0092.jpg", RECEIPT, {"total": "7.15", "currency": "EUR", "date": "2026-11-03"}, 0.71, ["receipts"], 0),
]
NAMESPACE = "ci"
LOOK_UPS, PICTURES = 260, 60


def past(now: datetime) -> Iterator[Act]:
    """Four weeks of a test run that asks for its screenshots: the more it has seen, the more often it hits."""
    if Entry.objects.filter(namespace=NAMESPACE).exists():
        return
    chance = random.Random("look-ups")  # noqa: S311 -- the same demo each time
    moments = busy_moments(now, LOOK_UPS, seed="look-ups", recent=30)
    for moment in moments:
        picture = min(int(chance.expovariate(1 / 16)), PICTURES)  # a few are asked for again and again
        yield Act(at=moment, actor="ci", do=partial(_read, f"screen-{picture}.png"))


def _read(name: str) -> None:
    """As a caller of the cache does: look, and have the model read what is not there."""
    asked = {"image_hash": hashlib.sha256(name.encode()).hexdigest(), "model_version": MODEL, "request": STATUS}
    if not look_up(**asked, namespace=NAMESPACE).hit:  # type: ignore[arg-type]
        store_entry(
            **asked,  # type: ignore[arg-type]
            namespace=NAMESPACE,
            extracted_data={"status": "PASSED", "screen": name},
            confidence_score=0.97,
            ttl_hours=24 * 60,
            latency_ms=1_840,
            cost_micros=4_200,
        )


def load() -> None:
    """Store the readings and look some of them up; does nothing when they are there."""
    if Entry.objects.filter(namespace="demo").exists():
        return
    for name, request, data, confidence, tags, hits in READINGS:
        image_hash = hashlib.sha256(name.encode()).hexdigest()
        store_entry(
            image_hash=image_hash,
            image_url=f"https://example.org/{name}",
            model_version=MODEL,
            request=request,
            extracted_data=data,
            confidence_score=confidence,
            tags=tags,
            namespace="demo",
            ttl_hours=24 * 30,
            latency_ms=1_840,
            cost_micros=4_200,
        )
        for _ in range(hits):
            look_up(image_hash=image_hash, model_version=MODEL, request=request, namespace="demo")
        look_up(image_hash=image_hash, model_version="acme-vision-2026-11-15", request=request, namespace="demo")
