"""What makes two vision requests the same: the complete, typed key of an entry.

Nearly every wrong answer of a model cache comes from a key that left something out (the model, a parameter, the
bytes of the picture) or joined its parts so that two requests read alike. Here every part is in, as canonical JSON.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.canonical import canonical_json, compute_hash
from config.errors import DomainError, FieldError, PayloadTooLarge
from config.limits import TRIMMED_LINE
from config.secrets import scrub

KEY_FORMAT, HASHED_KEY_FORMAT = 1, 2
"""Part of every key: a later change of the rules below can never meet an old key. Format 1 left HASHED_FIELDS out; a
request with one of them has a key of format 2 and never meets an entry of format 1."""

DEFAULT_NAMESPACE = "default"
MAX_IMAGES = 32
MAX_REQUEST_BYTES = 256 * 1024

# How a request travels, not what it asks. They are dropped, so that a secret among them is never stored either.
# The list only ever gets shorter: a name added here would let two requests meet that were told apart before.
TRANSPORT_FIELDS = frozenset(
    {
        "api_key",
        "idempotency_key",
        "max_retries",
        "num_retries",
        "request_id",
        "request_timeout",
        "safety_identifier",  # OpenAI's id of the end user; unlike `user` it has no second meaning
        "stream",
        "stream_options",
        "timeout",
    }
)

# What people put a prompt in ("system", "user"), or what may change the answer (a beta header), and what may as well
# name a person or hold a key: it counts, and only its hash is kept.
HASHED_FIELDS = frozenset({"extra_headers", "headers", "metadata", "user"})

NAMESPACE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,63}\Z"
HASH_PATTERN = r"^[0-9A-Fa-f]{64}\Z"
_SURROGATE = re.compile("[\ud800-\udfff]")  # no character: JSON bodies cannot have one, arguments of a command can
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # how canonical JSON writes U+0000; a written-out "\u0000" has two \


class InvalidEntry(DomainError):
    code = "invalid-entry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Everything that decides whether a stored answer answers a request."""

    namespace: str
    image_hashes: tuple[str, ...]
    model_version: str
    request: Mapping[str, Any]
    """What counts of the request; of HASHED_FIELDS, their hashes."""

    @property
    def key(self) -> str:
        return compute_hash({**self._question(), "model_version": self.model_version})

    @property
    def question_key(self) -> str:
        """The key without the model: the same question, whoever answers it."""
        return compute_hash(self._question())

    @property
    def request_hash(self) -> str:
        return compute_hash(self.request)

    @property
    def kept_request(self) -> dict[str, Any]:
        """The request as it is stored and shown, without its secrets."""
        return dict(scrub(dict(self.request)))

    def _question(self) -> dict[str, Any]:
        parameters = self.request.get("parameters")
        names = {*self.request, *(parameters if isinstance(parameters, Mapping) else ())}
        return {
            "format": HASHED_KEY_FORMAT if names & HASHED_FIELDS else KEY_FORMAT,
            "namespace": self.namespace,
            "images": list(self.image_hashes),
            "request": self.request,
        }


def identify(
    *,
    image_hashes: Sequence[str],
    model_version: str | None,
    request: Mapping[str, Any] | None = None,
    namespace: str = DEFAULT_NAMESPACE,
) -> Identity:
    """The identity of a request, its parts checked and normalised. Raises InvalidEntry or PayloadTooLarge."""
    return Identity(
        namespace=read_namespace(namespace),
        image_hashes=tuple(read_hashes(image_hashes)),
        model_version="" if model_version is None else read_text("model_version", model_version, 255),
        request=read_request(request),
    )


def read_hashes(image_hashes: Sequence[str]) -> list[str]:
    """SHA-256 digests in lower case and in the order given: swapping two pictures asks something else."""
    if not 1 <= len(image_hashes) <= MAX_IMAGES:
        raise wrong("image_hashes", "length", f"Give 1 to {MAX_IMAGES} images.")
    for digest in image_hashes:
        if not isinstance(digest, str) or not re.fullmatch(HASH_PATTERN, digest):
            raise wrong("image_hash", "hash", "Must be a SHA-256 digest: 64 hexadecimal digits.")
    return [digest.lower() for digest in image_hashes]


def read_namespace(namespace: str) -> str:
    if not isinstance(namespace, str) or not re.fullmatch(NAMESPACE_PATTERN, namespace):
        detail = "Must have 1 to 64 letters, digits or . _ : / @ - and begin with a letter or digit."
        raise wrong("namespace", "pattern", detail)
    return namespace


def read_text(field: str, value: str, limit: int) -> str:
    """A text that is not blank, fits its column and that every database can hold."""
    if not isinstance(value, str) or not 1 <= len(value) <= limit:
        raise wrong(field, "length", f"Must have 1 to {limit} characters.")
    if not re.match(TRIMMED_LINE, value) or _SURROGATE.search(value):
        raise wrong(field, "characters", "Must not be blank, begin or end with a space, or have control characters.")
    return value


def read_request(request: Mapping[str, Any] | None) -> dict[str, Any]:
    """The request without its transport fields; every other field counts, whatever its name."""
    if request is None:
        return {}
    if not isinstance(request, Mapping):
        raise wrong("request", "type", "Must be an object, such as {prompt, parameters}.")
    kept = _asking(request)
    text = read_json("request", kept)
    if len(text.encode()) > MAX_REQUEST_BYTES:
        raise PayloadTooLarge(f"The request is larger than {MAX_REQUEST_BYTES} bytes. Send images as image_hash.")
    return _with_hashes(kept)


def _asking(request: Mapping[str, Any]) -> dict[str, Any]:
    return _at_both_levels(request, lambda fields: {k: v for k, v in fields.items() if k not in TRANSPORT_FIELDS})


def _with_hashes(request: Mapping[str, Any]) -> dict[str, Any]:
    return _at_both_levels(
        request, lambda fields: {k: digest(v) if k in HASHED_FIELDS else v for k, v in fields.items()}
    )


def _at_both_levels(
    request: Mapping[str, Any], change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """`change` applied to the request's fields and to those inside its `parameters`."""
    changed = change(request)
    if isinstance(parameters := changed.get("parameters"), Mapping):
        changed["parameters"] = change(parameters)
    return changed


def digest(value: Any) -> str:
    """What is kept of a value that counts but must not be read back."""
    return f"sha256:{compute_hash(value)}"


def read_json(field: str, value: Any) -> str:
    """`value` as canonical JSON. Raises InvalidEntry for what JSON or a database cannot hold."""
    try:
        text = canonical_json(value)
    except ValueError as error:
        raise wrong(field, "json", str(error)) from error
    except RecursionError as error:
        raise wrong(field, "depth", "Is nested too deeply.") from error
    if _NUL.search(text):
        raise wrong(field, "nul", "Has a NUL character, which databases refuse.")
    return text


def wrong(field: str, code: str, detail: str) -> InvalidEntry:
    """One field that is wrong."""
    return InvalidEntry(f"{field}: {detail}", errors=[FieldError(field=field, code=code, detail=detail)])
