"""Fetch prompts from Handrail in an application: copy this file there; the standard library suffices.

prompts = Prompts("https://handrail.example.com", key)
prompts.get("extract-keywords")["prompt_text"]
(await prompts.aget("extract-keywords", label="staging"))["messages"]
"""

import asyncio
import json
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException
from types import MappingProxyType
from typing import Any
from urllib import error, parse, request


class PromptNotThere(LookupError):
    """There is no such prompt, or no version holds the label (any more)."""


class Prompts:
    """Versions by label: at most `ttl_seconds` old, and older only while the service does not answer."""

    def __init__(self, address: str, key: str, *, ttl_seconds: float = 5.0, timeout_seconds: float = 5.0) -> None:
        self._address, self._key, self._ttl, self._timeout = address.rstrip("/"), key, ttl_seconds, timeout_seconds
        self._kept: dict[tuple[str, str], tuple[float, str, Mapping[str, Any]]] = {}
        self._asking = threading.Lock()

    def get(self, prompt_id: str, label: str = "production") -> Mapping[str, Any]:
        """The version that holds a label. Raises PromptNotThere, and OSError where nothing was fetched before."""
        until, _, version = self._kept.get((prompt_id, label), (0.0, "", None))
        if version is not None and (time.monotonic() < until or self._asking.locked()):
            return version  # fresh, or somebody asks for a newer one already
        with self._asking:
            until, tag, version = self._kept.get((prompt_id, label), (0.0, "", None))
            return version if version and time.monotonic() < until else self._ask(prompt_id, label, tag, version)

    async def aget(self, prompt_id: str, label: str = "production") -> Mapping[str, Any]:
        """As get, without holding up the loop."""
        until, _, version = self._kept.get((prompt_id, label), (0.0, "", None))
        if version is not None and time.monotonic() < until:
            return version
        return await asyncio.to_thread(self.get, prompt_id, label)

    def _ask(self, prompt_id: str, label: str, tag: str, version: Mapping[str, Any] | None) -> Mapping[str, Any]:
        path = f"/api/v1/prompts/prompts/{parse.quote(prompt_id, safe='')}?label={parse.quote(label, safe='')}"
        asked = request.Request(self._address + path, headers={"If-None-Match": tag} if tag else {})  # noqa: S310
        asked.add_unredirected_header("Authorization", f"Bearer {self._key}")
        try:
            with request.urlopen(asked, timeout=self._timeout) as answer:  # noqa: S310
                tag, version = answer.headers.get("ETag", ""), MappingProxyType(json.load(answer))
        except (OSError, HTTPException, ValueError) as problem:
            status = problem.code if isinstance(problem, error.HTTPError) else 0
            if status == 404:
                self._kept.pop((prompt_id, label), None)
                raise PromptNotThere(f"No version of {prompt_id} holds {label}.") from problem
            if version is None or status in {400, 401, 403}:
                raise
        self._kept[prompt_id, label] = (time.monotonic() + self._ttl, tag, version)
        return version
