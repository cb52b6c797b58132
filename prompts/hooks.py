"""What an agent is told of the project's memories when its session begins."""

from django.conf import settings

from audit.trail import record
from config.hooks import SessionStart
from prompts.memories import opening


def session_started(start: SessionStart) -> str:
    """The few memories that fit the project, within SESSION_MEMORY_TOKENS; 0 switches it off."""
    found = opening.memories_for(
        projects=opening.names_of(start.root or start.folder), max_tokens=settings.SESSION_MEMORY_TOKENS
    )
    if not found.memories:
        return ""
    record(
        event_type="memory.told",
        entity_type="session",
        entity_id=start.session_id or "unnamed",
        new_value={"memories": [str(memory.uid) for memory in found.memories], "tokens": found.tokens},
        agent=start.agent,
        session_id=start.session_id,
    )
    return found.text
