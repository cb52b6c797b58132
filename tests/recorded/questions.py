"""What was asked of the vision cache when the databases beside this were recorded, and what must come of it now."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

SIGNING_KEY = base64.b64encode(b"only for the recorded databases!").decode()
MODEL = "acme-vision-1"
IMAGES = [hashlib.sha256(name).hexdigest() for name in (b"one", b"two", b"three")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`still_hits`: the entry must be found after an upgrade; otherwise it must not answer any more."""

    name: str
    asked: dict[str, Any]
    still_hits: bool = True
    answer: Any = field(default=None)


def _ask(name: str, request: Any, *, still_hits: bool = True, **parts: Any) -> Question:
    asked = {"model_version": MODEL, "request": request, **parts}
    if "image_hashes" not in asked and "image" not in asked:
        asked["image_hash"] = IMAGES[0]
    return Question(name=name, asked=asked, still_hits=still_hits, answer={"answer": name})


QUESTIONS = [
    _ask("no request", None),
    _ask("a prompt", {"prompt": "Read the total."}),
    _ask("parameters", {"prompt": "p", "parameters": {"temperature": 0.0, "seed": 7, "stop": ["a", "b"]}}),
    _ask("numbers", {"t": 1e-7, "u": 1e22, "v": -0.0, "w": 2**53 - 1, "x": True, "y": None, "z": [1, 1.0]}),
    _ask("unicode", {"prompt": "caf\u00e9 cafe\u0301 \U0001f600 \\u0000", "\U0001f600": 1, "\ufb01": 2}),
    _ask("messages", {"messages": [{"role": "user", "content": [{"type": "text", "text": "Read."}], "user": "x"}]}),
    _ask("transport", {"prompt": "t", "stream": True, "api_key": "k", "timeout": 9, "request_id": "r", "max_retries": 2,
                       "parameters": {"stream_options": {}, "num_retries": 1, "request_timeout": 1, "seed": 1},
                       "idempotency_key": "i", "safety_identifier": "s"}),
    _ask("another tenant", {"prompt": "p"}, namespace="tenant/1"),
    _ask("another model", {"prompt": "m"}, model_version="acme-vision-2"),
    _ask("several images", {"prompt": "p"}, image_hashes=[IMAGES[1], IMAGES[2]]),
    _ask("an image as base64", {"prompt": "p"}, image=base64.b64encode(b"picture").decode()),
    _ask("a user", {"system": "You read invoices", "user": "Read the total"}, still_hits=False),
    _ask("headers", {"prompt": "h", "headers": {"Authorization": "Bearer recorded", "anthropic-beta": "x"}},
         still_hits=False),
    _ask("metadata", {"prompt": "md", "metadata": {"page": 1}}, still_hits=False),
    _ask("further headers", {"prompt": "eh", "extra_headers": {"openai-beta": "x"}}, still_hits=False),
    _ask("a user among parameters", {"prompt": "u", "parameters": {"seed": 3, "user": "ann"}}, still_hits=False),
]  # fmt: skip
