"""The files that agents' machines without an installation have, by the names they have beside one another there."""

from pathlib import Path

from audit.agents import hook, tell, transcripts

FILES = {
    "hook.py": Path(hook.__file__),
    "tell.py": Path(tell.__file__),
    "transcripts.py": Path(transcripts.__file__),
}
