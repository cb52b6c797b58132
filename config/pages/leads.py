"""Where a figure leads: the rows it counts, as people list them in the admin and as programs ask the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

_NO_FILTER: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Two addresses; an empty one leads nowhere."""

    page: str = ""
    api: str = ""

    def __bool__(self) -> bool:
        return bool(self.page or self.api)


NOWHERE = Lead()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A table that both list, and how each of them says a span of time."""

    app: str
    model: str
    endpoint: str = ""
    """Below /api/v1/; blank where the API has no such list."""
    time: str = ""
    """The column of time, by which the admin filters."""
    start: str = "start"
    end: str = "end"
    """The API's filters of that column."""

    def lead(
        self,
        both: Mapping[str, str] = _NO_FILTER,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        page: Mapping[str, str] = _NO_FILTER,
        api: Mapping[str, str] = _NO_FILTER,
    ) -> Lead:
        """To the rows of a time with these values; `page` and `api` are what only one of them calls so."""
        in_page, in_api = {**both, **page}, {**both, **api}
        for moment, lookup, name in ((since, "gte", self.start), (until, "lt", self.end)):
            if moment is not None:
                in_page[f"{self.time}__{lookup}"] = in_api[name] = _written(moment)
        asked = f"/api/v1/{self.endpoint}" if self.endpoint else ""
        return Lead(page=_address(admin_list(self.app, self.model), in_page), api=_address(asked, in_api))


def admin_list(app: str, model: str) -> str:
    """Where the admin lists a table, or nothing when it does not."""
    try:
        return reverse(f"admin:{app}_{model}_changelist")
    except NoReverseMatch:
        return ""


def admin_page(app: str, model: str, key: Any) -> str:
    """Where the admin shows a row."""
    return reverse(f"admin:{app}_{model}_change", args=[key])


def _address(path: str, filters: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(filters)}" if path and filters else path


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
