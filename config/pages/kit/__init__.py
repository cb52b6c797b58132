"""The parts pages are made of: in columns, on an object's page, and in templates (`{% load kit %}`).

Each takes plain values, escapes them and gives HTML that needs no script and no style of its own. With DEBUG, `/kit/`
shows all of them.
"""

from config.pages.kit.commands import command, prose, typed
from config.pages.kit.differences import changes, words
from config.pages.kit.figures import chart
from config.pages.kit.marks import Tone, badge, moment
from config.pages.kit.stories import Step, empty, timeline
from config.pages.kit.values import code, facts, tree

__all__ = [
    "Step",
    "Tone",
    "badge",
    "changes",
    "chart",
    "code",
    "command",
    "empty",
    "facts",
    "moment",
    "prose",
    "timeline",
    "tree",
    "typed",
    "words",
]
