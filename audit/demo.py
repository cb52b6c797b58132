"""A small, believable trail: a team sets up its deploy role and thinks better of one step."""

from itertools import pairwise

from audit import rollback, trail
from audit.models import Event
from audit.permissions import decisions, store

ENTITY = {"entity_type": "role", "entity_id": "deployer"}


def load() -> None:
    """Record the demo's events once."""
    if Event.objects.of(**ENTITY).exists():
        return
    _load_rules()
    states = [
        None,
        {"can": ["read"], "approval": True},
        {"can": ["read", "deploy"], "approval": True},
        {"can": ["read", "deploy", "drop database"], "approval": False},
    ]
    for old, new in pairwise(states):
        trail.record(
            event_type="role.changed",
            entity_type=ENTITY["entity_type"],
            entity_id=ENTITY["entity_id"],
            old_value=old,
            new_value=new,
            user="dana",
        )
    rollback.apply(
        entity_type=ENTITY["entity_type"],
        entity_id=ENTITY["entity_id"],
        reason="deployers must not drop databases",
    )
    for server, timeout in (("staging", 30), ("production", 5)):
        trail.record(
            event_type="setting.changed",
            entity_type="setting",
            entity_id=f"{server}.lock_timeout_seconds",
            new_value=timeout,
            user="sam",
            context={"ticket": "OPS-142"},
        )


def _load_rules() -> None:
    """The shipped rules, and what they say of an agent's afternoon."""
    store.load_defaults()
    for number, command in enumerate(
        ("git status", "pytest -q", "git push --force origin main", "sudo rm -rf /srv/app")
    ):
        decisions.decide(
            tool_name="Bash",
            tool_input={"command": command},
            agent="claude",
            cwd="/srv/app",
            session_id="demo",
            tool_use_id=f"toolu_demo_{number}",
        )
