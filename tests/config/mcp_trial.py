"""A few tools no app has, to try the MCP door with."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.db import OperationalError
from pydantic import BaseModel, Field

import audit.mcp  # noqa: F401 -- calls are overseen here as everywhere
from config.context import caller
from config.errors import Conflict, FieldError
from config.mcp.server import Server
from config.mcp.tools import Tool
from config.models import ApiKey


class Line(BaseModel):
    number: int
    note: str | None = None


class Order(BaseModel):
    id: uuid.UUID
    made_at: datetime
    lines: list[Line]
    free: dict[str, Any]
    parent: str | None = None


def order(
    note: Annotated[str, Field(description="What to note", max_length=20)],
    size: Literal["small", "large"] = "small",
    extra: str | None = None,
) -> Order:
    """Make an order."""
    return Order(
        id=uuid.UUID(int=7),
        made_at=datetime(2026, 1, 2, tzinfo=UTC),
        lines=[Line(number=1), Line(number=2, note=note)],
        free={"kept": None},
    )


def who() -> dict[str, Any]:
    """Who calls."""
    now = caller()
    return {"actor": now.actor, "door": now.door, "id": now.correlation_id, **now.details}


def clash() -> str:
    """Fail as an operation does."""
    raise Conflict("It exists. Choose another name.", errors=[FieldError(field="name", code="taken", detail="in use")])


def crash() -> str:
    """Fail as nobody foresaw."""
    raise RuntimeError("password=secret-value")


def locked() -> str:
    """Meet a busy database."""
    raise OperationalError("database is locked")


def keys() -> int:
    """Count the keys."""
    return ApiKey.objects.count()


def sign() -> str:
    """Sign."""
    return "signed"


def declare(function: Callable[..., Any], scope: Literal["read", "write", "admin"] = "read") -> Tool:
    return Tool(
        function=function,
        name=function.__name__,
        title=function.__name__.title(),
        scope=scope,
        read_only=scope == "read",
        destructive=scope == "admin",
        idempotent=scope == "read",
        open_world=scope == "admin",
    )


def trial_server() -> Server:
    declared = [declare(function) for function in (order, who, clash, crash, locked, keys)]
    return Server({item.name: item for item in [*declared, declare(sign, "admin")]})
