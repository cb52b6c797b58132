"""Names of others as names of ours: `support/Triage a ticket` is `Triage-a-ticket` in the folder `support`."""

import re

from prompts.exchange.terms import Unreadable
from prompts.fields import LONGEST_FOLDER, LONGEST_PROMPT_ID, LONGEST_TAG


def placed(name: str) -> tuple[str, str]:
    """A prompt_id and a folder. Raises Unreadable for a name without a letter or digit."""
    folder, _, last = name.strip("/ ").rpartition("/")
    made = re.sub(r"[^A-Za-z0-9._:@-]+", "-", last.strip()).lstrip("._:@-").rstrip("-")[:LONGEST_PROMPT_ID]
    if not made:
        raise Unreadable(f"{name[:80]!r} is no name of a prompt: it needs a letter or a digit of ASCII.")
    words = [re.sub(r"[^A-Za-z0-9_.-]+", "-", word).strip("-") for word in folder.split("/")]
    return made, "/".join(word for word in words if word)[:LONGEST_FOLDER].rstrip("/")


def tags(names: object) -> tuple[str, ...]:
    """Words of others as tags of ours; what is no text is none."""
    given = [str(name) for name in names if isinstance(name, str | int)] if isinstance(names, list | tuple) else []
    made = (re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:LONGEST_TAG] for name in given)
    return tuple(dict.fromkeys(tag for tag in made if tag))
