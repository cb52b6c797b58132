"""Picking a container of the engine, or typing its name where the engine cannot be asked."""

from itertools import groupby
from typing import Any

from django import forms

from dockerdebug.containers import list_containers
from dockerdebug.refusals import EngineUnavailable
from dockerdebug.targets import THIS_MACHINE

_RUNNING = ("running", "restarting", "paused")


class ContainerPicker(forms.Select):
    """Asks the engine when it is drawn, and not when what was chosen is read; five seconds at most."""

    template_name = "dockerdebug/container_picker.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        found, problem = _found()
        names = [THIS_MACHINE, *(row["name"] for row in found)]
        chosen = [(str(value), str(value))] if value and value not in names else []
        self.choices = [("", THIS_MACHINE), *_grouped(found), *chosen]
        return {**super().get_context(name, value, attrs), "problem": problem}


def _found() -> tuple[list[dict[str, Any]], str]:
    """The containers there are, or why they cannot be listed."""
    try:
        return list_containers(), ""
    except EngineUnavailable as error:
        return [], error.detail


def _grouped(found: list[dict[str, Any]]) -> list[Any]:
    def group(row: dict[str, Any]) -> str:
        return "Running" if row["state"] in _RUNNING else "Not running"

    ordered = sorted(found, key=lambda row: (group(row) != "Running", row["name"]))
    return [(title, [_choice(row) for row in rows]) for title, rows in groupby(ordered, group)]


def _choice(row: dict[str, Any]) -> tuple[str, str]:
    told = ", ".join(word for word in (row["image"], row["status"]) if word)
    return row["name"], f"{row['name']} ({told})" if told else row["name"]
