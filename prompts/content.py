"""What a version may say: a text or messages that are sound templates."""

from collections.abc import Mapping, Sequence

from config.errors import DomainError, FieldError
from prompts.templates import ROLES, Message, TemplateInvalid, Variables, inspect, inspect_messages
from prompts.tokens import check_size

MAX_MESSAGES = 200


class VersionInvalid(DomainError):
    code = "version-invalid"


def read_content(prompt_text: str | None, messages: Sequence[Mapping[str, str]] | None) -> list[Message]:
    """The messages of a version to be, as they were written. Raises VersionInvalid, TextTooLarge."""
    content = _content(prompt_text, messages)
    check_size(*(message.content for message in content))
    for message in content:
        check_storable(content=message.content)
    return content


def check_templates(content: Sequence[Message], *, plain: bool, variables: Sequence[str] | None = None) -> None:
    """Templates parse and use exactly the declared variables, when some are. Raises VersionInvalid, TemplateInvalid."""
    found = _inspect(content[0].content) if plain else inspect_messages(content)
    if variables is not None:
        if missing := sorted(set(found.names) - set(variables)):
            raise invalid("variables", f"The template uses {', '.join(missing)}, which is not declared.")
        if unused := sorted(set(variables) - set(found.names)):
            raise invalid("variables", f"The template does not use {', '.join(unused)}.")


def _inspect(prompt_text: str) -> Variables:
    try:
        return inspect(prompt_text)
    except TemplateInvalid as error:
        field = FieldError(field="prompt_text", code=error.code, detail=error.detail)
        raise TemplateInvalid(error.detail, errors=[field]) from error


def check_storable(**texts: str) -> None:
    for field, text in texts.items():
        if "\x00" in text:
            raise invalid(field, "Must not hold a NUL character.")


def _content(prompt_text: str | None, messages: Sequence[Mapping[str, str]] | None) -> list[Message]:
    if (prompt_text is None) == (messages is None):
        raise invalid("prompt_text", "Give either prompt_text or messages.")
    if prompt_text is not None:
        if not prompt_text.strip():
            raise invalid("prompt_text", "Must not be blank.")
        return [Message(role="user", content=prompt_text)]
    assert messages is not None
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise invalid("messages", f"Must hold 1 to {MAX_MESSAGES} messages.")
    content = []
    for index, message in enumerate(messages):
        if set(message) != {"role", "content"} or not all(isinstance(part, str) for part in message.values()):
            raise invalid(f"messages[{index}]", "Must be {role, content}, both strings.")
        if message["role"] not in ROLES:
            raise invalid(f"messages[{index}].role", f"Must be one of {', '.join(ROLES)}.")
        content.append(Message(role=message["role"], content=message["content"]))
    return content


def invalid(field: str, detail: str) -> VersionInvalid:
    return VersionInvalid(f"{field}: {detail}", errors=[FieldError(field=field, code="invalid", detail=detail)])
