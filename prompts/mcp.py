"""The MCP door of prompts."""

import json
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from config.canonical import LARGEST_INTEGER
from config.mcp.cursors import Cursor, cursor_at, place_of
from config.mcp.prompts import Source, offer_prompts
from config.mcp.resources import resource
from config.mcp.tools import tool
from prompts import (
    apart,
    cases,
    compressions,
    fields,
    lookup,
    offering,
    prompts,
    runs,
    testing,
    tokens,
    versions,
)
from prompts.content import MAX_MESSAGES
from prompts.memories import mcp as memories  # noqa: F401  -- declares its tools
from prompts.models import PRODUCTION, Prompt, Run, RunResult, Version

PromptId = Annotated[str, Field(description="Name of the prompt.")]
Number = Annotated[
    int | None,
    Field(description="By default the active version.", ge=fields.FIRST_VERSION, le=fields.LAST_VERSION),
]
Model = Annotated[
    str, Field(description="Model or encoding, e.g. gpt-4o, claude-sonnet-4-5.", max_length=fields.LONGEST_MODEL)
]
Text = Annotated[str, Field(max_length=tokens.MAX_BYTES)]
SHOWN = 10
"""Failures a job's answer lists; the run itself has them all."""
SHOWN_CHARACTERS = 500


offer_prompts(Source(after=offering.active_after, messages=offering.messages_of, complete=offering.argument_values))


@resource(
    template="version://{prompt_id}/{number}",
    title="A version of a prompt",
    newest=offering.newest_versions,
    complete=offering.version_values,
)
def read_version(prompt_id: str, number: str) -> dict[str, Any]:
    """A version of a prompt: its messages, settings, purpose and last test results."""
    asked = int(number) if number.isdecimal() else 0
    return _version(lookup.get_version(prompt=prompts.get_prompt(prompt_id=prompt_id), number=asked))


@resource(template="run://{id}", title="A test run", newest=offering.newest_runs, complete=offering.run_values)
def read_run(id: str) -> dict[str, Any]:  # noqa: A002 -- the template's own name
    """A test run of a prompt: its figures, verdict and failed cases."""
    return _run(runs.get_run(uid=id))


@resource(
    template="compression://{hash}/{lines}",
    title="What compression dropped",
    newest=offering.newest_compressions,
    complete=offering.compression_values,
)
def read_compression(hash: str, lines: str) -> dict[str, Any]:  # noqa: A002 -- the template's own name
    """Lines such as 120-180, or all, of a text that compress_context cut in the last 24 hours."""
    first, _, last = lines.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        found = compressions.get_compression(hash=hash)
    else:
        found = compressions.get_compression(hash=hash, first_line=int(first), last_line=int(last or first))
    return asdict(found) | {"expires_at": found.expires_at.isoformat()}


@tool(name="get_prompt", scope="read", title="Get or list prompts", read_only=True)
def get_prompt(
    prompt_id: Annotated[str, Field(description="Its name; as names begin with * behind, lists those.")] = "*",
    version: Number = None,
    label: Annotated[
        str, Field(description="Instead of a version: its holder.", max_length=fields.LONGEST_LABEL)
    ] = PRODUCTION,
    input: Annotated[  # noqa: A002
        str | dict[str, Any] | None, Field(description="Text, or {variable: value}: renders the template.")
    ] = None,
    limit: Annotated[int, Field(ge=1, le=100)] = 50,
    cursor: Cursor = "",
) -> dict[str, Any]:
    """Fetch a version of a prompt as messages, rendered when an input is given; or list prompts."""
    if prompt_id.endswith("*"):
        return _list(prompt_id[:-1], limit, cursor)
    found = lookup.get_version(prompt=prompts.get_prompt(prompt_id=prompt_id), number=version, label=label)
    messages = found.conversation
    if input is not None:
        messages = apart.conversation(messages, input, plain=found.is_plain)
    return _version(found) | {"messages": [asdict(message) for message in messages]}


@tool(name="save_prompt_version", scope="write", title="Save a prompt version", idempotent=True)
def save_prompt_version(
    prompt_id: PromptId,
    purpose: Annotated[str, Field(description="What it is for.", max_length=fields.LONGEST_PURPOSE)] = "",
    prompt_text: Annotated[str | None, Field(description="Template with {{ name }}; or give messages.")] = None,
    messages: Annotated[
        list[dict[str, str]] | None,
        Field(description="[{role, content}]", min_length=1, max_length=MAX_MESSAGES),
    ] = None,
    notes: Annotated[str, Field(description="What changed and why.", max_length=fields.LONGEST_NOTES)] = "",
    settings: Annotated[dict[str, Any] | None, Field(description="temperature, max_tokens, ...")] = None,
    branch: Annotated[str, Field(description="A try beside the line, by name.", max_length=fields.LONGEST_LABEL)] = "",
    activate: bool = False,
) -> dict[str, Any]:
    """Save the next version of a prompt; an identical one is returned, not repeated. Versions never change."""
    saved = versions.save_version(
        prompt_id=prompt_id,
        prompt_text=prompt_text,
        messages=messages,
        purpose=purpose,
        notes=notes,
        settings=settings,
        branch=branch,
        activate=activate,
    )
    return {
        "prompt_id": prompt_id,
        "version": saved.version.number,
        "created": saved.created,
        "is_active": saved.version.is_active,
        "tokens": saved.version.tokens,
        "content_hash": saved.version.content_hash,
    }


@tool(name="test_prompt", scope="write", title="Test a prompt version", open_world=True)
def start_test(
    prompt_id: PromptId,
    version: Number = None,
    test_cases: Annotated[
        list[dict[str, Any]] | None,
        Field(
            description="[{name, input, expected_output?, assertions?: [{type, value}]}]; else the stored ones.",
            min_length=1,
            max_length=testing.MAX_CASES,
        ),
    ] = None,
    keep_cases: Annotated[
        bool, Field(description="Store test_cases by name and run all stored; else no verdict.")
    ] = False,
    model: Annotated[str, Field(description="Instead of the version's.", max_length=fields.LONGEST_MODEL)] = "",
) -> dict[str, Any]:
    """Run a version's test cases on a real model in the background; ask get_job for the result."""
    if keep_cases:
        for case in test_cases or []:
            cases.keep_test_case(prompt_id=prompt_id, **case)
    run = testing.test_prompt_version(
        prompt_id=prompt_id, number=version, cases=None if keep_cases else test_cases, model=model
    )
    return {"job": str(run.uid), "status": run.status, "total": run.total, "next": "Call get_job with this job."}


@tool(name="get_job", scope="read", title="Follow a test run", read_only=True)
def get_job(job: Annotated[str, Field(description="As test_prompt answered it.")]) -> dict[str, Any]:
    """Status of a test run, and once it is over its verdict and failed cases."""
    return _run(runs.get_run(uid=job))


@tool(name="count_tokens", scope="read", title="Count tokens", read_only=True)
def count_tokens(text: Text, model: Model = "") -> dict[str, Any]:
    """Count the tokens of a text offline. exact is false where the model's tokenizer is not public."""
    return asdict(tokens.count(text=text, model=model))


@tool(name="compress_context", scope="read", title="Compress context", read_only=True)
def compress_context(
    text: Text,
    max_tokens: Annotated[int, Field(ge=0, le=LARGEST_INTEGER)],
    language: Annotated[
        str,
        Field(description="python, log, ...; else guessed.", max_length=fields.LONGEST_LANGUAGE),
    ] = "",
    model: Model = "",
) -> dict[str, Any]:
    """Cut code, prose, a log or JSON to a token budget, never over it. dropped says what is gone;
    compression://hash/first-last has those lines."""
    return asdict(compressions.compress_and_keep(text=text, max_tokens=max_tokens, language=language, model=model))


def _failure(result: RunResult) -> dict[str, Any]:
    whys = [check["detail"] for check in result.checks if not check["passed"]] or [result.error]
    given = result.input if isinstance(result.input, str) else json.dumps(result.input, ensure_ascii=False)
    return {
        "name": result.name,
        "input": given[:SHOWN_CHARACTERS],
        "output": result.output[:SHOWN_CHARACTERS],
        "why": "; ".join(whys)[:SHOWN_CHARACTERS],
    }


def _version(found: Version) -> dict[str, Any]:
    return {
        "prompt_id": found.prompt.prompt_id,
        "version": found.number,
        "labels": found.label_names,
        "is_active": found.is_active,
        "purpose": found.purpose,
        "messages": [asdict(message) for message in found.conversation],
        "variables": found.variables.names,
        "settings": found.settings,
        "tokens": found.tokens,
        "test_results": found.test_results,
    }


def _list(begins: str, limit: int, cursor: str) -> dict[str, Any]:
    """Prompts by name, with the active version's number and variables."""
    [after] = place_of(cursor, str) or [""]
    found = list(Prompt.objects.after(after, begins=begins)[: limit + 1])
    answer: dict[str, Any] = {"prompts": [_listed(prompt) for prompt in found[:limit]]}
    return answer | ({"next_cursor": cursor_at(found[limit - 1].prompt_id)} if len(found) > limit else {})


def _listed(prompt: Prompt) -> dict[str, Any]:
    active = prompt.active
    known = {"version": active.number, "variables": active.variables.names} if active else {}
    return {"prompt_id": prompt.prompt_id, "description": prompt.description, **known}


def _run(run: Run) -> dict[str, Any]:
    failed = run.results.filter(outcome__in=[RunResult.Outcome.FAILED, RunResult.Outcome.ERROR])
    return {
        "job": str(run.uid),
        "prompt": str(run.version),
        **{
            name: getattr(run, name)
            for name in ("status", "total", "passed", "failed", "success_rate", "ad_hoc", "verdict")
        },
        **({"error": run.error} if run.error else {}),
        "failures": [_failure(result) for result in failed[:SHOWN]],
        "more_failures": max(0, run.failed - SHOWN) if run.is_over else 0,
        **({} if run.is_over else {"next": "Not over yet; ask again in some seconds."}),
    }
