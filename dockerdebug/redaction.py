"""Keeps secrets in: nothing read from a container leaves this app before it went through a Redactor.

An allow-list decides which values are shown, since deny-lists of names miss about half of real secrets
(DATABASE_URL, SMTP_PASS, LICENSE) and hide harmless ones (AUTHOR, KEYMAP).
"""

import re
from collections.abc import Mapping
from typing import Any

from config.secrets import MARK, blank, find_tokens, find_userinfo, is_secret_name

SHOWN = frozenset(
    """
    PATH HOME USER LOGNAME SHELL TERM PWD OLDPWD HOSTNAME LANG LANGUAGE TZ VIRTUAL_ENV LD_LIBRARY_PATH TMPDIR
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    DJANGO_SETTINGS_MODULE FLASK_APP FLASK_ENV WEB_CONCURRENCY GUNICORN_CMD_ARGS OMP_NUM_THREADS PORT HOST
    DEBIAN_FRONTEND CONDA_PREFIX CONDA_DEFAULT_ENV XDG_CONFIG_HOME XDG_CACHE_HOME
    UV_PROJECT_ENVIRONMENT UV_LINK_MODE UV_COMPILE_BYTECODE POETRY_VERSION POETRY_VIRTUALENVS_CREATE SHLVL
    LESSOPEN
    """.split()  # noqa: SIM905 - forty quoted lines would say no more
)
SHOWN_PREFIXES = ("LC_", "PYTHON", "PIP_")
# Shapes that carry nothing whatever their name: switches, small numbers, versions, dates, digests, absolute paths.
HARMLESS = re.compile(
    r"(?:true|false|yes|no|on|off|none|null)|\d{1,6}|\d+(?:\.\d+){1,3}|\d{4}-\d\d-\d\d|sha256:[0-9a-f]{64}"
    r"|(?:sqlite:/{3,4})?/[\w.@-]{0,40}(?:/[\w.@-]{0,24}){0,12}",
    re.IGNORECASE,
)
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """Text without terminal escapes, control characters, direction overrides and lone surrogates."""
    return CONTROLS.sub("", ESCAPES.sub("", text.replace("\r\n", "\n")))


class Redactor:
    """Knows the secrets of one environment, and takes them out wherever they recur."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        literals: set[str] = set()
        for name, value in (environment or {}).items():
            literals |= _secrets_in(name, value)
        longest_first = sorted(literals, key=lambda item: (-len(item), item))
        self._literals = re.compile("|".join(map(re.escape, longest_first))) if literals else None

    def text(self, value: str) -> str:
        """Any text with the secrets taken out."""
        # Twice, since an escape sequence may have split a secret, and a control character may belong to one.
        return blank(self._without_known(plain(self._without_known(value))))

    def _without_known(self, value: str) -> str:
        return self._literals.sub(MARK, value) if self._literals is not None else value

    def variable(self, name: str, value: str) -> str:
        """What may be shown of an environment variable: its value, or only that it is set."""
        if not value:
            return ""
        upper = name.upper()
        listed, harmless = upper in SHOWN or upper.startswith(SHOWN_PREFIXES), HARMLESS.fullmatch(value)
        if (listed and harmless) or ((listed or harmless) and not is_secret_name(name)):
            return self.text(value)
        return f"<set, {len(value)} chars>"

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {plain(name): self.variable(name, value) for name, value in sorted(environment.items())}

    def value(self, value: Any) -> Any:
        """JSON of any depth with the secrets taken out of every string, keys included."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {self.text(str(key)): self.value(item) for key, item in value.items()}
            case list() | tuple():
                return [self.value(item) for item in value]
        return value


def looks_secret(value: str) -> bool:
    """Whether a value has the shape of a token, or a URL with a password, or of long random text."""
    if find_tokens(value) or find_userinfo(value):
        return True
    return len(value) >= 20 and bool(re.fullmatch(r"[\w+/=.-]+", value)) and _mixed(value)


def _mixed(value: str) -> bool:
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]")
    return all(re.search(kind, value) for kind in kinds)


def _secrets_in(name: str, value: str) -> set[str]:
    """The literals of a variable that must not recur elsewhere."""
    found = {value[start:end] for start, end in find_userinfo(value)}
    found |= {item.partition(":")[2] for item in found if ":" in item}
    listed = name.upper() in SHOWN or name.upper().startswith(SHOWN_PREFIXES)
    if not listed and not found and (is_secret_name(name) or looks_secret(value)):
        found.add(value)
        found |= {line for line in value.splitlines() if len(line) >= 16}  # a PEM's lines
        found |= {part.partition("=")[2] for part in value.split(";") if is_secret_name(part.partition("=")[0].strip())}
    # Short or common words would tear ordinary text apart; a number only counts as somebody's password.
    long = {item for item in found if len(item) >= 5}
    return {item for item in long if not HARMLESS.fullmatch(item) or (item.isdigit() and is_secret_name(name))}
