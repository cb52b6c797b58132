"""Entries and look-ups with what every test would say anyway."""

import hashlib
from typing import Any

from visioncache.entries import Stored, store_entry
from visioncache.lookups import Lookup, look_up

MODEL = "acme-vision-1"


def picture(name: str = "shot") -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def make_entry(name: str = "shot", **fields: Any) -> Stored:
    known = {"model_version": MODEL, "extracted_data": {"text": "PASSED"}, "confidence_score": 0.9}
    if "image_hashes" not in fields:
        known["image_hash"] = picture(name)
    return store_entry(**{**known, **fields})


def ask(name: str = "shot", **fields: Any) -> Lookup:
    return look_up(**{"image_hash": picture(name), "model_version": MODEL, **fields})
