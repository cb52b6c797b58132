"""What can be diagnosed: this machine, or a container by its name."""

import re

from config.errors import DomainError, FieldError

THIS_MACHINE = "this machine"
NAME_PATTERN = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}\Z"
NAME_RULE = "A container's name or id starts with a letter or digit and has letters, digits, _ . or - (128 at most)."


def require_name(name: str) -> None:
    """Refuse what no container is called, before it becomes part of a URL. Raises DomainError."""
    if not re.match(NAME_PATTERN, name):
        raise DomainError(NAME_RULE, errors=[FieldError(field="container", code="invalid", detail=NAME_RULE)])
