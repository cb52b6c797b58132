"""The MCP door of checks."""

from typing import Annotated, Any, Literal

from pydantic import Field

from config.mcp.tools import tool
from schemacheck import checks
from schemacheck.bounds import IN_REQUEST_CHARS


@tool(name="validate_schema", scope="read", title="Validate a schema change", read_only=True)
def validate_schema(
    sql: Annotated[str, Field(description="SQL: one statement or a script.", max_length=IN_REQUEST_CHARS)] = "",
    dialect: Annotated[
        Literal["postgresql", "sqlite"] | None, Field(description="By default that of the database.")
    ] = None,
    database: Annotated[str | None, Field(description="Alias of a configured database.")] = None,
    proof: Literal["parse", "catalog", "copies", "execute"] | None = None,
    probe: Annotated[bool, Field(description="Also ask existing rows whether they meet new constraints.")] = False,
    subject: Annotated[
        Literal["script", "migrations", "tables"],
        Field(description="migrations: Django's unapplied ones; tables: audit those there are."),
    ] = "script",
) -> dict[str, Any]:
    """Check CREATE/ALTER TABLE and other DDL against the live database without running it: errors with position
    and SQLSTATE, safety warnings, suggested fixes, and the locks each statement would take."""
    if subject == "migrations":
        from schemacheck.django_migrations import reviewing

        return reviewing.check_migrations(database=database, proof=proof, probe=probe).as_dict()
    if subject == "tables":
        from schemacheck import live

        check = live.audit_live_schema(database=database)
    else:
        check = checks.check_schema(sql=sql, dialect=dialect, database=database, proof=proof, probe=probe)
    return {"id": str(check.uid), **(check.report or {})}
