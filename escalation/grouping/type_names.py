"""Names of error types. Every process asks for priorities, and few of them group: so it stands apart from groups."""

import re


def short_name(error_type: str) -> str:
    """`builtins.KeyError`, `java.lang.Exception` and `Shop::Error` are told by SDKs with and without what is before."""
    return re.split(r"\.|::|\\|/", error_type)[-1] or error_type
