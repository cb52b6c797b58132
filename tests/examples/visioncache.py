"""Questions to the vision cache."""

import hashlib
from typing import Any

from tests.examples.asking import Ask, Got

MODEL = "acme-vision-2026-10-01"
QUESTION: dict[str, Any] = {
    "image_hash": hashlib.sha256(b"ci-run-213.png").hexdigest(),
    "model_version": MODEL,
    "request": {"prompt": "What does the status line say?", "parameters": {"temperature": 0}},
    "namespace": "demo",
}
NEW = {**QUESTION, "image_hash": hashlib.sha256(b"ci-run-214.png").hexdigest()}
ENTRY = {
    **NEW,
    "extracted_data": {"status": "PASSED", "tests": 214},
    "confidence_score": 0.97,
    "tags": ["ci"],
    "latency_ms": 1840,
    "cost_micros": 4200,
}
AN_ENTRY = {"id": Got("results.0.id", "visioncache/entries?namespace=demo&page_size=1")}

ASKS = {
    "visioncache_entries_list": Ask(query={"namespace": "demo", "tag": "ci", "page_size": 2}),
    "visioncache_entries_create": Ask(body=ENTRY),
    "visioncache_entries_retrieve": Ask(path=AN_ENTRY),
    "visioncache_entries_destroy": Ask(path=AN_ENTRY),
    "visioncache_lookup_create": Ask(body=QUESTION),
    "visioncache_leases_destroy": Ask(path={"token": Got("lease.token", "visioncache/lookup", {**NEW, "lease": True})}),
    "visioncache_invalidate_create": Ask(body={"model_version": MODEL, "namespace": "demo", "dry_run": True}),
    "visioncache_stats_retrieve": Ask(query={"namespace": "demo"}),
}
