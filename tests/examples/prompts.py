"""Questions about prompts, their versions, cases and runs, and about texts."""

from typing import Any

from tests.examples.asking import Ask, Got, Post

PROMPT = {"prompt_id": "triage-ticket"}
THIRD = {**PROMPT, "number": 3}
UNDER = "prompts/prompts/triage-ticket"
A_CASE = {**PROMPT, "uid": Got("results.0.id", f"{UNDER}/test-cases?page_size=1")}
A_RUN = {"uid": Got("results.0.id", "prompts/runs?page_size=1")}
NEW_RUN = {"uid": Got("id", f"{UNDER}/versions/1/test", {})}
CASE: dict[str, Any] = {
    "name": "refund",
    "input": "I want my money back for order 4711.",
    "assertions": [{"type": "icontains", "value": "billing"}, {"type": "word-count", "value": {"max": 5}}],
}
VERSION = {
    "messages": [
        {"role": "system", "content": "You sort support tickets. Answer with bug, billing or feature alone."},
        {"role": "user", "content": "{{ input }}"},
    ],
    "purpose": "Triage",
    "settings": {"temperature": 0, "seed": 42},
}
ENDPOINT = {"name": "openai", "base_url": "https://api.openai.com/v1", "model": "gpt-4o", "key": "sk-your-own-key"}
SKILL = "---\nname: review\ndescription: Review a change.\nargument-hint: <change>\n---\nReview this: $ARGUMENTS\n"
CODE = "def total(items):\n    # prices are in cents\n    return sum(item.price for item in items)\n"
LOG = "".join(f"2026-11-30 12:00:{second:02} INFO answered in {second * 7} ms\n" for second in range(8)) + (
    "2026-11-30 12:00:09 ERROR the disk is full\n"
)
MEMORY = {"text": "Deploys need the VPN.", "project": "shop", "agent": "claude", "tags": ["deploy"]}
A_MEMORY = {"uid": Got("id", "prompts/memories", MEMORY)}

ASKS = {
    "prompts_prompts_list": Ask(query={"search": "triage"}),
    "prompts_prompts_create": Ask(body={"prompt_id": "extract-keywords", "description": "Index pages by keyword."}),
    "prompts_prompts_retrieve": Ask(path=PROMPT, query={"label": "production"}),
    "prompts_prompts_update": Ask(path=PROMPT, body={"description": "Sorts the tickets of the help desk."}),
    "prompts_prompts_partial_update": Ask(path=PROMPT, body={"folder": "support/triage", "tags": ["tickets"]}),
    "prompts_prompts_destroy": Ask(path=PROMPT),
    "prompts_prompts_versions_list": Ask(path=PROMPT, query={"page_size": 1}),
    "prompts_prompts_versions_create": Ask(path=PROMPT, body=VERSION),
    "prompts_prompts_versions_retrieve": Ask(path=THIRD),
    "prompts_prompts_versions_activate_create": Ask(path={**PROMPT, "number": 2}),
    "prompts_prompts_labels_list": Ask(path=PROMPT),
    "prompts_prompts_labels_retrieve": Ask(path={**PROMPT, "label": "production"}),
    "prompts_prompts_labels_update": Ask(path={**PROMPT, "label": "staging"}, body={"version": 3}),
    "prompts_prompts_labels_gate_retrieve": Ask(path={**PROMPT, "label": "production"}, query={"version": 3}),
    "prompts_prompts_labels_approve_create": Ask(
        path={**PROMPT, "label": "production"}, body={"version": 3, "reason": "It answers in half the tokens."}
    ),
    "prompts_prompts_labels_destroy": Ask(path={**PROMPT, "label": "staging"}),
    "prompts_prompts_versions_adopt_create": Ask(
        path={**PROMPT, "number": Got("version", f"{UNDER}/versions", {**VERSION, "branch": "short"})}
    ),
    "prompts_prompts_versions_test_create": Ask(path=THIRD, body={"test_cases": [CASE]}),
    "prompts_prompts_compare_retrieve": Ask(path=PROMPT, query={"from": 1, "to": 3}),
    "prompts_prompts_regression_retrieve": Ask(path=PROMPT),
    "prompts_prompts_render_create": Ask(path=PROMPT, body={"input": "I was charged twice."}),
    "prompts_prompts_test_cases_list": Ask(path=PROMPT, query={"type": "triage", "page_size": 2}),
    "prompts_prompts_test_cases_create": Ask(path=PROMPT, body=CASE),
    "prompts_prompts_test_cases_retrieve": Ask(path=A_CASE),
    "prompts_prompts_test_cases_update": Ask(path=A_CASE, body=CASE),
    "prompts_prompts_test_cases_partial_update": Ask(path=A_CASE, body={"expected_output": "billing"}),
    "prompts_prompts_test_cases_destroy": Ask(path=A_CASE),
    "prompts_endpoints_list": Ask(after=[Post("prompts/endpoints", ENDPOINT)]),
    "prompts_endpoints_create": Ask(body=ENDPOINT),
    "prompts_endpoints_retrieve": Ask(path={"name": Got("name", "prompts/endpoints", ENDPOINT)}),
    "prompts_endpoints_partial_update": Ask(
        path={"name": Got("name", "prompts/endpoints", ENDPOINT)}, body={"model": "gpt-4.1"}
    ),
    "prompts_endpoints_destroy": Ask(path={"name": Got("name", "prompts/endpoints", ENDPOINT)}),
    "prompts_endpoints_try_create": Ask(path={"name": Got("name", "prompts/endpoints", ENDPOINT)}, body={}),
    "prompts_evaluations_list": Ask(query={"prompt_id": "triage-ticket", "page_size": 1}),
    "prompts_evaluations_create": Ask(
        body={**PROMPT, "versions": [1, 2], "models": ["scripted-demo"], "repeats": 2, "max_tokens": 50_000}
    ),
    "prompts_evaluations_retrieve": Ask(path={"uid": Got("results.0.id", "prompts/evaluations?page_size=1")}),
    "prompts_evaluations_cancel_create": Ask(path={"uid": Got("id", "prompts/evaluations", PROMPT)}),
    "prompts_runs_list": Ask(query={"prompt_id": "triage-ticket", "page_size": 1}),
    "prompts_runs_retrieve": Ask(path=A_RUN),
    "prompts_runs_cancel_create": Ask(path=NEW_RUN),
    "prompts_evaluations_report_retrieve": Ask(
        path={"uid": Got("results.0.id", "prompts/evaluations?page_size=1")}, query={"format": "markdown"}
    ),
    "prompts_prompts_test_cases_import_create": Ask(
        path=PROMPT, body={"file": {"path": "cases.csv", "text": "input,__expected\nI was charged twice.,billing\n"}}
    ),
    "prompts_prompts_test_cases_export_retrieve": Ask(path=PROMPT, query={"format": "csv"}),
    "prompts_runs_keep_create": Ask(path=A_RUN, body={"position": 1, "name": "kept", "expected_output": "billing"}),
    "prompts_import_create": Ask(
        body={"files": [{"path": "skills/review/SKILL.md", "text": SKILL}], "format": "claude-skills"}
    ),
    "prompts_export_retrieve": Ask(query={**PROMPT, "format": "promptfoo"}),
    "prompts_shipped_create": Ask(),
    "prompts_tokens_count_create": Ask(body={"text": "The sunset was beautiful", "model": "gpt-4o"}),
    "prompts_compressions_retrieve": Ask(
        path={"hash": Got("hash", "prompts/compress", {"text": LOG, "max_tokens": 60})}, query={"first_line": 7}
    ),
    "prompts_memories_list": Ask(query={"project": "shop", "page_size": 1}),
    "prompts_memories_create": Ask(body=MEMORY),
    "prompts_memories_retrieve": Ask(path=A_MEMORY),
    "prompts_memories_partial_update": Ask(path=A_MEMORY, body={"text": "Deploys need the VPN and a green build."}),
    "prompts_memories_destroy": Ask(path=A_MEMORY),
    "prompts_memories_search_create": Ask(body={"query": "how do I deploy?", "project": "shop", "max_tokens": 300}),
    "prompts_patterns_list": Ask(query={"page_size": 1}),
    "prompts_compress_create": Ask(body={"text": CODE, "max_tokens": 20, "language": "python"}),
}
