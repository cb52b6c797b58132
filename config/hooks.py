"""What apps tell an agent whose session begins: text for its context, from each app's `hooks.py`.

An app that has something to say has there `session_started(start: SessionStart) -> str`. Unlike a question about a tool
call this fails open: an agent that is told nothing works on, so one app's failure hurts neither it nor the others.
"""

import logging
from typing import NamedTuple

from django.db import transaction

from config.discovery import app_modules

logger = logging.getLogger(__name__)
MOST_CHARACTERS = 9_500
"""Claude Code puts what is longer than 10,000 into a file and shows its beginning."""


class SessionStart(NamedTuple):
    """A session that begins, or goes on after a break; an agent tells both alike."""

    agent: str
    session_id: str
    folder: str
    """Where the agent works."""
    root: str
    """Of its project, where the agent says so."""


def texts_for(start: SessionStart) -> str:
    """What the apps tell the agent, one after the other; empty where none has anything to say."""
    told: list[str] = []
    for label, module in app_modules("hooks"):
        try:
            with transaction.atomic():
                told.append(module.session_started(start))
        except Exception:
            logger.exception("%s could not tell a session of %s anything", label, start.agent)
    return "\n\n".join(filter(None, told))[:MOST_CHARACTERS]
