"""The operations of the vision cache."""

from tests.project.operations.terms import BUDGET, PERSON, PROGRAM, Operation, each

OPERATIONS = [
    Operation(
        calls=("visioncache.lookups.look_up",),
        doors={"rest": "POST visioncache/lookup", "mcp": "check_cache", "command": "visioncache lookup"},
        without={"admin": PROGRAM},
        lacks={
            "mcp": {
                "image_hashes": "several images are a program's",
                "lease": "only a program waits for the answer of another",
                "lease_seconds": "as lease",
            },
            "command": {
                "image_hashes": "several images are a program's",
                "lease": "only a program waits for the answer of another",
                "lease_seconds": "as lease",
            },
        },
        differs={"command": {"image": "a file"}},
    ),
    Operation(
        calls=("visioncache.entries.store_entry",),
        doors={"rest": "POST visioncache/entries", "mcp": "store_cache", "command": "visioncache store"},
        without={"admin": PROGRAM},
        names={"command": {"data": "extracted_data", "confidence": "confidence_score"}},
        own={"command": {"for_ever": "the same as --ttl-hours none"}},
        lacks={
            "mcp": {"image_hashes": "several images are a program's"},
            "command": {"image_hashes": "several images are a program's"},
        },
        differs={"command": {"extracted_data": "read from standard input by default", "image": "a file"}},
    ),
    Operation(
        calls=("visioncache.removal.invalidate",),
        doors={
            "rest": "POST visioncache/invalidate",
            "command": "visioncache invalidate",
            "admin": "visioncache.admin.EntryAdmin.invalidate",
        },
        without={"mcp": PERSON},
        names={"command": {"entry_id": "id"}},
        lacks={
            "command": {"image": "a shell has the hash"},
            "admin": each(
                "id image image_hash model_version tag namespace all_namespaces dry_run", "the selected rows"
            ),
        },
    ),
    Operation(
        calls=("visioncache.removal.remove_entry",),
        doors={"rest": "DELETE visioncache/entries/{id}"},
        without={"mcp": PERSON, "command": "`invalidate --id` does it", "admin": "the move `invalidate` does it"},
    ),
    Operation(
        calls=("visioncache.stats.get_stats",),
        doors={"rest": "GET visioncache/stats", "command": "visioncache stats"},
        without={"mcp": BUDGET, "admin": "the dashboard shows it"},
    ),
]
APART: dict[str, str] = {
    "visioncache.entries.extend_entry": "a move of the admin alone: a person keeps an answer longer",
    "visioncache.entries.find_entry": "reads one row",
    "visioncache.leases.release_lease": "a program gives back what a look-up by REST gave it",
    "visioncache.removal.cleanup_expired": "a job of the schedule, which a shell can hasten",
    "DELETE visioncache/leases/{token}": "as above: release_lease",
    "visioncache cleanup": "as above: cleanup_expired",
}
