"""Whether what is said of a script is what the server says when it runs; all of it is undone."""

from typing import Any

import psycopg

from schemacheck.checker.reading.parser import parse
from schemacheck.checker.validator import validate


def agree(connection: psycopg.Connection[Any], script: str) -> None:
    """Run it until the server refuses a statement: so far, each verdict must be the server's."""
    with connection.transaction(force_rollback=True):
        report = validate(script, connection=connection)
        for said, statement in zip(report.statements, parse(script).statements, strict=True):
            expected = None
            try:
                with connection.transaction():
                    connection.execute(statement.sql)
            except psycopg.Error as error:
                expected = error.sqlstate
            told = said.errors[0].sqlstate if said.errors else None
            assert (statement.sql.strip(), told) == (statement.sql.strip(), expected)
            if expected:
                return
