"""What SQLite makes of the type of a column."""

from schemacheck.checker.reading.shapes import words

KNOWN = words(
    "int integer tinyint smallint mediumint bigint unsigned big int2 int4 int8 character varchar varying nchar native "
    "nvarchar text clob blob real double precision float numeric decimal boolean bool date datetime time timestamp "
    "json jsonb uuid char string any bytea number timestamptz"
)
SUGGESTED = ("integer", "text", "real", "blob", "numeric", "boolean", "date", "datetime", "varchar", "bigint", "json")


def affinity(declared: str) -> str:
    """SQLite's rule for any word, documented in "Datatypes In SQLite", section 3.1."""
    upper = declared.upper()
    for part, affinity in (("INT", "INTEGER"), ("CHAR", "TEXT"), ("CLOB", "TEXT"), ("TEXT", "TEXT"), ("BLOB", "BLOB")):
        if part in upper:
            return affinity
    return "REAL" if any(part in upper for part in ("REAL", "FLOA", "DOUB")) else "NUMERIC"
