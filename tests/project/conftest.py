"""The API as its OpenAPI schema describes it, and a database with something in it."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from drf_spectacular.generators import SchemaGenerator
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient

METHODS = ("get", "post", "put", "patch", "delete")
ZERO_UUID = "00000000-0000-7000-8000-000000000000"


@cache
def openapi() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    described: dict[str, Any]

    @property
    def scope(self) -> str:
        return self.described["description"].rsplit("Scope: `", 1)[1].rstrip("`\n ")

    @property
    def answer(self) -> dict[str, Any]:
        """The schema of a 200 answer, its references followed one step."""
        content = self.described["responses"].get("200", {}).get("content", {}).get("application/json", {})
        found = content.get("schema", {})
        if reference := found.get("$ref"):
            return openapi()["components"]["schemas"][reference.rsplit("/", 1)[1]]
        return found

    @property
    def is_paged(self) -> bool:
        return self.method == "get" and {"next", "previous", "results"} <= set(self.answer.get("properties", {}))

    def filled(self) -> str:
        """The path with values that fit and name nothing."""
        path = self.path
        for parameter in self.described.get("parameters", []):
            if parameter["in"] == "path":
                kind = parameter["schema"]
                value = (
                    ZERO_UUID if kind.get("format") == "uuid" else "1" if kind.get("type") == "integer" else "absent"
                )
                path = path.replace(f"{{{parameter['name']}}}", value)
        return path

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(method, path, described)
        for path, methods in openapi()["paths"].items()
        for method, described in methods.items()
        if method in METHODS
    )


@pytest.fixture(scope="class")
def demonstration(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database with the demonstration data of every app. A class shares it: each test's own changes go back."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("demo", stdout=io.StringIO())
        with django_db_blocker.block():
            yield
        transaction.set_rollback(True)


@pytest.fixture
def lists(demonstration: None, reader: APIClient) -> Callable[[], Iterator[tuple[Operation, str]]]:
    """Every paged list with a path that exists: nested ones below their parent's first row."""

    def find() -> Iterator[tuple[Operation, str]]:
        for operation in operations():
            if operation.is_paged:
                yield operation, existing(operation.path, reader)

    return find


def existing(path: str, reader: APIClient) -> str:
    """`path` with each placeholder filled from the list it stands below."""
    while "{" in path:
        parent, _, rest = path.partition("/{")
        name, _, rest = rest.partition("}")
        rows = reader.get(parent).json()["results"]
        assert rows, f"{parent} is empty: let the app's demo.py make a row, so that {path} can be tried."
        value = next(rows[0][field] for field in (name, "id", "uid") if field in rows[0])
        path = f"{parent}/{value}{rest}"
    return path
