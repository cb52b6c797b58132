"""A template made of others: `{% include "house-style" %}` stands for another prompt's text.

The text is put in its place before anything reads the template, so that variables, limits and errors are those of the
whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from prompts.templates import MAX_TEMPLATE, Message
from prompts.templates.blocks import TemplateInvalid, read_includes


def included(messages: Sequence[Message]) -> list[str]:
    """The names in the includes of messages, each once, in order. Raises TemplateInvalid."""
    return list(dict.fromkeys(name for message in messages for name in _names(message.content)))


def compose(messages: Sequence[Message], parts: Mapping[str, str]) -> list[Message]:
    """The messages with each include replaced by the text of that name. Raises TemplateInvalid when it is too long."""
    return [replace(message, content=_composed(message.content, parts)) for message in messages]


def _names(template: str) -> Iterator[str]:
    for block in read_includes(template):
        yield block.tokens[1][1][1:-1]


def _composed(template: str, parts: Mapping[str, str]) -> str:
    pieces, position, size = [], 0, len(template)
    for block, name in zip(read_includes(template), _names(template), strict=True):
        pieces += [template[position : block.start], parts[name]]
        position, size = block.end, size + len(parts[name])
        if size > MAX_TEMPLATE:
            raise TemplateInvalid(
                f"With what it includes, the template passes {MAX_TEMPLATE} characters. Include less."
            )
    return "".join([*pieces, template[position:]])
