"""The operations on diagnoses, insights and infrastructure."""

from tests.project.operations.terms import BUDGET, FILTERS, NARROW, PAGES, PAID, PERSON, READ, Operation, each

OPERATIONS = [
    Operation(
        calls=("dockerdebug.diagnoses.diagnose", "dockerdebug.diagnoses.request_diagnosis"),
        doors={
            "rest": "POST dockerdebug/diagnoses",
            "mcp": "diagnose_container",
            "command": "dockerdebug",
            "admin": "dockerdebug.admin.DiagnosisForm",
        },
        names={"admin": {"only_check": "check"}},
        own={
            "rest": {"wait": "a program may leave; the other doors wait, or show it once it is there"},
            "mcp": {"response_format": PAID},
            "command": {"list": "the checks there are, GET checks at REST"},
            "admin": {"typed": "a container is picked from a list that an engine may not give"},
        },
    ),
    Operation(
        calls=("dockerdebug.insights.recall_insights",),
        doors={"rest": "GET dockerdebug/insights", "mcp": "recall_insights", "command": "insights list"},
        without={"admin": READ},
        names={"rest": {"search": "query"}},
        own={"mcp": {"limit": PAGES}, "command": {"limit": PAGES}},
        lacks={
            "mcp": each("confidence finding_key priority_min", NARROW),
            "command": each("confidence finding_key priority_min", FILTERS),
        },
    ),
    Operation(
        calls=("dockerdebug.insights.add_insight",),
        doors={
            "rest": "POST dockerdebug/insights",
            "command": "insights add",
            "admin": "dockerdebug.admin.InsightForm",
        },
        without={"mcp": BUDGET},
    ),
    Operation(
        calls=("dockerdebug.insights.change_insight",),
        doors={
            "rest": "PATCH dockerdebug/insights/{id}",
            "command": "insights change",
            "admin": "dockerdebug.admin.InsightForm",
        },
        without={"mcp": BUDGET},
    ),
    Operation(
        calls=("dockerdebug.insights.remove_insight",),
        doors={
            "rest": "DELETE dockerdebug/insights/{id}",
            "command": "insights remove",
            "admin": "dockerdebug.admin.InsightAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("dockerdebug.infrastructure.add_infrastructure",),
        doors={
            "rest": "POST dockerdebug/infrastructure",
            "command": "infrastructure add",
            "admin": "dockerdebug.admin.InfrastructureForm",
        },
        without={"mcp": BUDGET},
        names={"admin": {"tag_names": "tags"}},
        differs={"admin": {"tags": "separated by commas"}},
    ),
    Operation(
        calls=("dockerdebug.infrastructure.change_infrastructure",),
        doors={
            "rest": "PATCH dockerdebug/infrastructure/{id}",
            "command": "infrastructure change",
            "admin": "dockerdebug.admin.InfrastructureForm",
        },
        without={"mcp": BUDGET},
        names={"admin": {"tag_names": "tags"}},
        differs={"admin": {"tags": "separated by commas"}},
    ),
    Operation(
        calls=("dockerdebug.infrastructure.remove_infrastructure",),
        doors={
            "rest": "DELETE dockerdebug/infrastructure/{id}",
            "command": "infrastructure remove",
            "admin": "dockerdebug.admin.InfrastructureAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
    Operation(
        calls=("dockerdebug.infrastructure.remove_tag",),
        doors={
            "rest": "DELETE dockerdebug/tags/{name}",
            "command": "infrastructure remove-tag",
            "admin": "dockerdebug.admin.TagAdmin.delete_selected",
        },
        without={"mcp": PERSON},
    ),
]
APART: dict[str, str] = {
    "dockerdebug.diagnoses.find_diagnosis": "reads one row",
    "dockerdebug.diagnoses.run_diagnosis": "the job behind a diagnosis",
    "dockerdebug.diagnoses.prune_diagnoses": "a job of the schedule",
    "dockerdebug.comparison.compare": "takes two diagnoses, which REST alone keeps by id",
    "POST dockerdebug/compare": "as above",
    "PUT dockerdebug/insights/{id}": "the body of POST",
    "PUT dockerdebug/infrastructure/{id}": "the body of POST",
    "infrastructure list": "a list of the table, as the admin has it",
}
