"""The operations on prompts, versions, cases and runs."""

from tests.project.operations.terms import BUDGET, NARROW, PAGES, PERSON, PROGRAM, READ, Operation, each

ROWS = "a form has a row of small fields for each"
FOR_CI = {"reports": "GET prompts/evaluations/{uid}/report", "fail_on": "the exit code of a command"}

OPERATIONS = [
    Operation(
        calls=("prompts.versions.save_version",),
        doors={
            "rest": "POST prompts/prompts/{prompt_id}/versions",
            "mcp": "save_prompt_version",
            "command": "prompt save",
            "admin": "prompts.admin.VersionForm",
        },
        names={"command": {"text": "prompt_text", "parameters": "settings"}, "admin": {"prompt": "prompt_id"}},
        own={"command": {"file": "the template, or the messages as .json"}},
        lacks={
            "mcp": {"variables": NARROW},
            "command": {"messages": "--file with a .json"},
            "admin": {"variables": "a page shows what it found"},
        },
        differs={"admin": each("messages settings", ROWS)},
    ),
    Operation(
        calls=("prompts.testing.test_prompt_version",),
        doors={
            "rest": "POST prompts/prompts/{prompt_id}/versions/{number}/test",
            "mcp": "test_prompt",
            "command": "prompt test",
            "admin": "prompts.admin.VersionAdmin.run_test",
        },
        names={"mcp": {"version": "number"}, "command": {"cases": "test_cases"}},
        own={
            "mcp": {"keep_cases": "one call where REST has two"},
            "command": {"queue": "a shell waits unless told not to", **FOR_CI},
        },
        lacks={
            "mcp": each("concurrency repeats threshold reuse", NARROW),
            "admin": {"test_cases": "a person keeps the cases first, so that verdicts can rest on them"},
        },
        differs={"command": {"test_cases": "a file of them"}},
    ),
    Operation(
        calls=("prompts.versions.activate_version",),
        doors={
            "rest": "POST prompts/prompts/{prompt_id}/versions/{number}/activate",
            "command": "prompt activate",
            "admin": "prompts.admin.VersionAdmin.activate",
        },
        without={"mcp": "save_prompt_version can activate"},
    ),
    Operation(
        calls=("prompts.versions.adopt_version",),
        doors={
            "rest": "POST prompts/prompts/{prompt_id}/versions/{number}/adopt",
            "command": "prompt adopt",
            "admin": "prompts.admin.VersionAdmin.adopt",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("prompts.labels.move_label",),
        doors={
            "rest": "PUT prompts/prompts/{prompt_id}/labels/{label}",
            "command": "prompt_label",
            "admin": "prompts.admin.VersionAdmin.give_label",
        },
        without={"mcp": PERSON},
        names={"command": {"number": "version"}},
        own={"command": {"remove": "takes it away"}},
        lacks={"admin": {"version": "the page is a version's"}},
        differs={"command": each("version protected", "a number beside the label, an option with --no-")},
    ),
    Operation(
        calls=("prompts.gate.ruling_of",),
        doors={"rest": "GET prompts/prompts/{prompt_id}/labels/{label}/gate", "command": "prompt_gate"},
        without={"mcp": BUDGET, "admin": "a move that is held back says it"},
        names={"command": {"number": "version"}},
    ),
    Operation(
        calls=("prompts.gate.approve_move",),
        doors={
            "rest": "POST prompts/prompts/{prompt_id}/labels/{label}/approve",
            "admin": "prompts.admin.VersionAdmin.approve",
        },
        without={"mcp": PERSON, "command": "at the console nobody is known by name"},
        lacks={"admin": {"version": "the page is a version's"}},
    ),
    Operation(
        calls=("prompts.labels.remove_label",),
        doors={
            "rest": "DELETE prompts/prompts/{prompt_id}/labels/{label}",
            "admin": "prompts.admin.LabelAdmin.remove",
        },
        without={"mcp": PERSON, "command": "`prompt label NAME LABEL --remove`"},
    ),
    Operation(
        calls=("prompts.prompts.create_prompt",),
        doors={"rest": "POST prompts/prompts"},
        without={
            "mcp": "saving a version makes its prompt",
            "command": "saving a version makes its prompt",
            "admin": "its page has no form of its own but the model's",
        },
    ),
    Operation(
        calls=("prompts.prompts.update_prompt",),
        doors={"rest": "PATCH prompts/prompts/{prompt_id}", "admin": "prompts.admin.PromptAdmin.describe"},
        without={"mcp": BUDGET, "command": PERSON},
        differs={"admin": {"tags": "words with commas"}},
    ),
    Operation(
        calls=("prompts.prompts.delete_prompt",),
        doors={"rest": "DELETE prompts/prompts/{prompt_id}", "admin": "prompts.admin.PromptAdmin.delete_selected"},
        without={"mcp": PERSON, "command": PERSON},
    ),
    Operation(
        calls=("prompts.cases.delete_test_case",),
        doors={
            "rest": "DELETE prompts/prompts/{prompt_id}/test-cases/{uid}",
            "admin": "prompts.admin.TestCaseAdmin.delete_selected",
        },
        without={"mcp": PERSON, "command": PERSON},
    ),
    Operation(
        calls=("prompts.lookup.get_version", "prompts.models.PromptQuerySet.after"),
        doors={"rest": "POST prompts/prompts/{prompt_id}/render", "mcp": "get_prompt", "command": "prompt show"},
        without={"admin": READ},
        names={"command": {"number": "version"}},
        own={"mcp": {"limit": PAGES}},
        lacks={
            "mcp": {"model": "count_tokens counts for a model"},
            "command": each("input model", "it shows the template"),
        },
    ),
    Operation(
        calls=("prompts.lookup.fetch_version",),
        doors={"rest": "GET prompts/prompts/{prompt_id}"},
        without={
            "mcp": "get_prompt has the label",
            "command": "`prompt show` has the label",
            "admin": PROGRAM,
        },
    ),
    Operation(
        calls=("prompts.cases.create_test_case",),
        doors={
            "rest": "POST prompts/prompts/{prompt_id}/test-cases",
            "command": "prompt_case",
            "admin": "prompts.admin.TestCaseForm",
        },
        without={"mcp": "test_prompt keeps cases"},
        names={"command": {"expected": "expected_output"}, "admin": {"prompt": "prompt_id"}},
        own={
            "command": {
                **each("equals contains regex", "assertions that people type"),
                "of": "the prompt of a file that is imported or exported",
            }
        },
        differs={
            "command": {
                "name": "without one it lists the cases",
                "input": "as name",
                "assertions": "JSON, whose items the operation reads",
            },
            "admin": {"type": "the usual one is filled in", "assertions": ROWS},
        },
    ),
    Operation(
        calls=("prompts.cases.update_test_case",),
        doors={"rest": "PATCH prompts/prompts/{prompt_id}/test-cases/{uid}", "admin": "prompts.admin.TestCaseForm"},
        without={"mcp": "test_prompt keeps cases", "command": PERSON},
        names={"admin": {"prompt": "prompt_id"}},
        differs={"admin": {"assertions": ROWS}},
    ),
    Operation(
        calls=("prompts.comparison.compare_versions",),
        doors={"rest": "GET prompts/prompts/{prompt_id}/compare", "command": "prompt compare"},
        without={"mcp": BUDGET, "admin": "the page of a version shows it, against any other"},
        names={"command": {"before": "from", "after": "to"}},
    ),
    Operation(
        calls=("prompts.regression.regression_report",),
        doors={"rest": "GET prompts/prompts/{prompt_id}/regression", "command": "prompt regression"},
        without={"mcp": BUDGET, "admin": READ},
    ),
    Operation(
        calls=("prompts.runs.get_run",),
        doors={"rest": "GET prompts/runs/{uid}", "mcp": "get_job"},
        without={"command": "`prompt test` waits for it", "admin": READ},
        names={"mcp": {"job": "uid"}},
    ),
    Operation(
        calls=("prompts.endpoints.add_endpoint",),
        doors={
            "rest": "POST prompts/endpoints",
            "command": "endpoints add",
            "admin": "prompts.admin.EndpointForm",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("prompts.endpoints.change_endpoint",),
        doors={
            "rest": "PATCH prompts/endpoints/{name}",
            "command": "endpoints change",
            "admin": "prompts.admin.EndpointForm",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("prompts.endpoints.remove_endpoint",),
        doors={
            "rest": "DELETE prompts/endpoints/{name}",
            "command": "endpoints remove",
            "admin": "prompts.admin.EndpointAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("prompts.endpoints.try_endpoint",),
        doors={
            "rest": "POST prompts/endpoints/{name}/try",
            "command": "endpoints try",
            "admin": "prompts.admin.EndpointAdmin.try_it",
        },
        without={"mcp": PERSON},
        lacks={"admin": {"model": "a button asks its own model"}},
    ),
    Operation(
        calls=("prompts.testing.start_evaluation",),
        doors={"rest": "POST prompts/evaluations", "command": "prompt_evaluate"},
        without={"mcp": BUDGET, "admin": "the page of a prompt runs its tests; a matrix is CI's to ask for"},
        names={"command": {"numbers": "versions"}},
        own={"command": FOR_CI},
        differs={"command": {"versions": "numbers one after the other; the operation bounds the runs"}},
        lacks={"command": {"test_cases": "`prompt test --cases` has them"}},
    ),
    Operation(
        calls=("prompts.evaluations.get_evaluation",),
        doors={"rest": "GET prompts/evaluations/{uid}"},
        without={"mcp": BUDGET, "command": "`prompt evaluate` waits for it", "admin": READ},
    ),
    Operation(
        calls=("prompts.evaluations.cancel_evaluation",),
        doors={
            "rest": "POST prompts/evaluations/{uid}/cancel",
            "admin": "prompts.admin.EvaluationAdmin.cancel",
        },
        without={"mcp": BUDGET, "command": "control-C ends `prompt evaluate`"},
    ),
    Operation(
        calls=("prompts.runs.cancel_run",),
        doors={"rest": "POST prompts/runs/{uid}/cancel", "admin": "prompts.admin.RunAdmin.cancel"},
        without={"mcp": BUDGET, "command": "control-C ends `prompt test`"},
    ),
    Operation(
        calls=("prompts.exchange.importing.import_prompts",),
        doors={"rest": "POST prompts/import", "command": "prompt_import"},
        without={"mcp": BUDGET, "admin": "a shell or a program has the files"},
        names={"command": {"paths": "files"}},
        own={"command": {"shipped": "POST prompts/shipped"}},
        differs={"command": {"files": "files and folders by their paths"}},
    ),
    Operation(
        calls=("prompts.exchange.moving_cases.import_cases",),
        doors={"rest": "POST prompts/prompts/{prompt_id}/test-cases/import"},
        without={
            "mcp": "test_prompt keeps cases",
            "command": "`prompt case import FILE`",
            "admin": "a shell or a program has the files",
        },
    ),
    Operation(
        calls=("prompts.exchange.moving_cases.export_cases",),
        doors={"rest": "GET prompts/prompts/{prompt_id}/test-cases/export"},
        without={
            "mcp": BUDGET,
            "command": "`prompt case export FILE`",
            "admin": "a shell or a program takes the files",
        },
    ),
    Operation(
        calls=("prompts.exchange.moving_cases.keep_result",),
        doors={"rest": "POST prompts/runs/{uid}/keep", "admin": "prompts.admin.RunAdmin.keep_result"},
        without={"mcp": "test_prompt keeps cases", "command": "`prompt case` keeps what is typed"},
    ),
    Operation(
        calls=("prompts.reports.write_report",),
        doors={"rest": "GET prompts/evaluations/{uid}/report"},
        without={
            "mcp": "get_job tells a run",
            "command": "`prompt test` and `prompt evaluate` write it with --report",
            "admin": READ,
        },
    ),
    Operation(
        calls=("prompts.exchange.shipping.save_shipped",),
        doors={"rest": "POST prompts/shipped", "admin": "prompts.admin.PromptAdmin.save_shipped"},
        without={"mcp": PERSON, "command": "`prompt import --shipped`"},
    ),
    Operation(
        calls=("prompts.exchange.exporting.export_prompts",),
        doors={"rest": "GET prompts/export", "command": "prompt_export"},
        without={"mcp": BUDGET, "admin": "a shell or a program takes the files"},
        names={"command": {"prompt_ids": "prompt_id"}},
        own={"command": {"folder": "where the files go", "overwrite": "what is there may be somebody's work"}},
        differs={"command": {"prompt_id": "several, one after the other"}},
    ),
    Operation(
        calls=("prompts.tokens.count",),
        doors={"rest": "POST prompts/tokens/count", "mcp": "count_tokens", "command": "tokens"},
        without={"admin": PROGRAM},
        names={"command": {"paths": "text"}},
        lacks={
            "mcp": {"messages": "a program has them; a text is counted"},
            "command": {"messages": "a program has them; a text is counted"},
        },
        differs={"mcp": {"text": "the only way to say it"}, "command": {"text": "files, or standard input"}},
    ),
    Operation(
        calls=("prompts.memories.remembering.remember",),
        doors={
            "rest": "POST prompts/memories",
            "mcp": "remember",
            "command": "memory remember",
            "admin": "prompts.admin.MemoryForm",
        },
        own={"mcp": each("corrects forgets", "one tool for what REST has methods for")},
        lacks={
            "mcp": {
                "is_explicit": "what an agent saves by a tool it saves on purpose",
                "agent": "it is the one that calls",
                "tags": NARROW,
            },
            "admin": {"supersedes": "a person corrects it"},
        },
        differs={"mcp": {"text": "not needed to forget"}},
    ),
    Operation(
        calls=("prompts.memories.remembering.correct_memory",),
        doors={
            "rest": "PATCH prompts/memories/{uid}",
            "command": "memory correct",
            "admin": "prompts.admin.CorrectForm",
        },
        without={"mcp": "remember has `corrects`"},
        names={"command": {"id": "uid"}},
        differs={"command": {"success": "a flag says it, or it stays as it is"}},
    ),
    Operation(
        calls=("prompts.memories.remembering.forget",),
        doors={
            "rest": "DELETE prompts/memories/{uid}",
            "command": "memory forget",
            "admin": "prompts.admin.MemoryAdmin.delete_selected",
        },
        without={"mcp": "remember has `forgets`"},
        names={"command": {"id": "uid"}},
    ),
    Operation(
        calls=("prompts.memories.recalling.recall",),
        doors={"rest": "POST prompts/memories/search", "mcp": "recall", "command": "memory recall"},
        without={"admin": READ},
        lacks={"mcp": {"superseded": NARROW}},
    ),
    Operation(
        calls=("prompts.compressions.compress_and_keep",),
        doors={"rest": "POST prompts/compress", "mcp": "compress_context", "command": "compress"},
        without={"admin": PROGRAM},
        names={"command": {"path": "text"}},
        differs={"command": {"text": "a file, or standard input"}},
    ),
]
APART: dict[str, str] = {
    "prompts.compressions.get_compression": "reads one row: GET prompts/compressions/{hash}, a resource of MCP",
    "prompts.memories.remembering.get_memory": "reads one row",
    "memory list": "lists of the tables, as the admin has them",
    "memory reindex": "upkeep",
    "prompts.prompts.get_prompt": "reads one row",
    "prompts.endpoints.find_endpoint": "reads one row",
    "endpoints list": "the table of endpoints, as the admin has it",
    "prompts.cases.get_test_case": "reads one row",
    "prompts.lookup.get_label": "reads one row",
    "prompts.cases.keep_test_case": "what test_prompt's keep_cases does",
    "prompts.execution.execute_run": "works off a run",
    "prompts.retention.prune_runs": "a job of the schedule",
    "prompt list": "lists of the tables, as the admin has them",
    "PUT prompts/prompts/{prompt_id}/test-cases/{uid}": "the body of POST",
    "PUT prompts/prompts/{prompt_id}": "the body of PATCH",
}
