"""Events in the Open Cybersecurity Schema Framework, for SIEMs: class 3004, Entity Management. Pure.

Source: schema.ocsf.io, 1.5.0. One JSON object a line is what collectors read.
"""

from collections.abc import Mapping
from typing import Any

VERSION = "1.5.0"
CATEGORY, CLASS = 3, 3004
CREATE, UPDATE, DELETE = 1, 3, 4
_NAMES = {CREATE: "Create", UPDATE: "Update", DELETE: "Delete"}


def entity_management(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event of the trail as an OCSF Entity Management event."""
    activity = _activity(event["old_value"], event["new_value"])
    entity = {"type": event["entity_type"], "uid": event["entity_id"]}
    found: dict[str, Any] = {
        "category_uid": CATEGORY,
        "class_uid": CLASS,
        "activity_id": activity,
        "activity_name": _NAMES[activity],
        "type_uid": CLASS * 100 + activity,
        "severity_id": 1,
        "status_id": 1,
        "time": int(event["timestamp"].timestamp() * 1000),
        "message": event["event_type"],
        "actor": {"user": {"name": event["user"] or event["actor"]}, "invoked_by": event["actor"]},
        "entity": entity if activity == CREATE else {**entity, "data": event["old_value"]},
        "metadata": {
            "version": VERSION,
            "product": {"name": "Handrail", "vendor_name": "Handrail"},
            "uid": str(event["uid"]),
            "event_code": event["event_type"],
            "correlation_uid": event["correlation_id"],
        },
        "unmapped": {"changes": event["changes"], "context": event["context"], "leaf_hash": event["leaf_hash"]},
    }
    if activity != DELETE:
        found["entity_result"] = {**entity, "data": event["new_value"]}
    return found


def _activity(old: Any, new: Any) -> int:
    if old is None:
        return CREATE
    return DELETE if new is None else UPDATE
