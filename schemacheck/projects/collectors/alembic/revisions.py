"""Runs each revision under a context that records, and tells what it would send."""

from __future__ import annotations

import ast
import inspect
import os
import traceback
from typing import Any

from alembic.operations import Operations

from ..files import comments_to_us, read_text
from .choosing import Chosen, parents
from .environment import Environment
from .recording import Recorder


def tell(environment: Environment, chosen: Chosen) -> list[dict[str, Any]]:
    """The revisions of a plan, those asked about with both directions and what stands in their files."""
    recorder = Recorder(environment.passed_on)
    told = []
    with Operations.context(recorder.context):
        for revision in chosen.plan:
            is_chosen = revision.revision in chosen.chosen
            item = {
                "revision": revision.revision,
                "title": revision.doc,
                "revises": sorted(parents(revision)),
                "path": os.path.realpath(revision.path),
                "is_head": bool(revision.is_head),
                "is_merge": bool(revision.is_merge_point),
                "branches": sorted(revision.branch_labels or ()),
                "chosen": is_chosen,
                "applied": None if chosen.applied is None else revision.revision in chosen.applied,
                "upgrade": _recorded(revision, "upgrade", recorder),
            }
            if is_chosen:
                item.update(downgrade=_recorded(revision, "downgrade", recorder), source=_source(item["path"]))
            told.append(item)
    return told


def _recorded(revision: Any, direction: str, recorder: Recorder) -> dict[str, Any]:
    """The statements of a direction; where it does not come to its end the line and the reason."""
    path = inspect.getsourcefile(revision.module) or revision.path
    recorder.begin(path)
    failed: dict[str, Any] | None = None
    try:
        getattr(revision.module, direction)()
    except BaseException as error:  # noqa: BLE001  -- a revision may raise anything
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        why = f"{type(error).__name__}: {str(error)[:300]}".rstrip(": ")
        if type(error).__name__ == "NoInspectionAvailable":  # its text speaks of our stand-in
            why = "sqlalchemy.inspect() asks it"
        failed = {"line": frames[0].lineno if frames else 1, "why": why, "kind": type(error).__name__}
    lines = sorted(set(recorder.asked))
    return {"statements": recorder.statements, "failed": failed, "asked": lines}


def _source(path: str) -> dict[str, Any]:
    text = read_text(path)
    places = {"upgrade": 1, "downgrade": 1}
    written = []
    try:
        functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name in places]
    except (SyntaxError, ValueError):
        functions = []
    for function in functions:
        places[function.name] = function.lineno
        written += [(node.lineno, node.col_offset + 1, node.end_lineno or node.lineno) for node in function.body]
    return {"places": places, "written": written, "comments": comments_to_us(text)}
