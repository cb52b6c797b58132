"""Texts of others as templates of ours, and back.

What looks like a block in a text that is no template stands there as it is, by `{% raw %}`. A template goes the other
way by being rendered with a mark for each variable; what only a template can say is told by `beyond`.
"""

import re
from collections.abc import Callable, Mapping

from prompts import apart, templates
from prompts.exchange.terms import Carried
from prompts.templates import Message
from prompts.templates.blocks import Block, read_blocks

_OPEN = re.compile(r"\{(?=[{%#]|\Z)")
BARE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
"""A variable and nothing else."""
_GUARD = ["|", "default", "(", ")"]


def literal(text: str) -> str:
    """A template that renders as this text, whatever follows it."""
    return _OPEN.sub("{% raw %}{{% endraw %}", text)


def with_variables(text: str, pattern: re.Pattern[str], variable: Callable[[re.Match[str]], str]) -> str:
    """A template of a text in which only a pattern means something: the rest is literal."""
    pieces, position = [], 0
    for found in pattern.finditer(text):
        pieces += [literal(text[position : found.start()]), variable(found)]
        position = found.end()
    return "".join([*pieces, literal(text[position:])])


def names_in(carried: Carried) -> templates.Variables:
    """The variables of a prompt that is carried. Raises TemplateInvalid."""
    found = templates.Variables()
    for text in carried.texts:
        found |= templates.inspect(text)
    return found


def filled(template: str, marks: Mapping[str, str]) -> str:
    """The text of a template with a mark in each variable's place. Raises TemplateInvalid, Stopped."""
    own = {name: marks[name] for name in templates.inspect(template).names}
    [message] = apart.conversation([Message(role="user", content=template)], own)
    return message.content


def beyond(template: str, *, guards: bool) -> list[str]:
    """What a template says that no format of bare variables can: tags, filters, look-ups.

    With `guards` a format knows of variables that may be missing.
    """
    return list(dict.fromkeys(said for block in read_blocks(template) if (said := _beyond(block, guards=guards))))


def _beyond(block: Block, *, guards: bool) -> str:
    if block.tag:
        return f"{{% {block.tag} %}}"
    kinds, words = [kind for kind, _ in block.tokens], [word for kind, word in block.tokens if kind != "text"]
    is_guarded = guards and words[1:] == _GUARD and kinds[4:5] == ["text"]
    if kinds[:1] == ["name"] and (len(words) == 1 or is_guarded):
        return ""
    return f"{{{{ {' '.join(word for _, word in block.tokens)[:40]} }}}}"
