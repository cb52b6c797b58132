"""SARIF 2.1.0, by which code hosts show findings beside the lines. Source: the OASIS standard of that name.

It imports nothing, so that what runs without the service may use it too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
VERSION = "2.1.0"


def document(driver: Mapping[str, Any], results: Sequence[Mapping[str, Any]], **run: Any) -> dict[str, Any]:
    """One run of one tool; `run` is what else is said of the run, before its results."""
    return {"$schema": SCHEMA, "version": VERSION, "runs": [{"tool": {"driver": driver}, **run, "results": results}]}


def location(uri: str, **region: int) -> dict[str, Any]:
    """A place in a file; lines and columns count from 1."""
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
