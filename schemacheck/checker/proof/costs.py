"""What a statement on empty tables would still evaluate: calls that refer to no column, in defaults and bounds.

`repeat('x', 1000000000)` is thirty characters of a script and a gigabyte of the server, and no timeout of a statement
ends it. So only calls that make about as much as they are given are let through.
"""

from postgast import pg_query_pb2 as ast

from schemacheck.checker.proof.copies import has_column
from schemacheck.checker.reading.parser import Statement, walk
from schemacheck.checker.reading.shapes import words

_MODEST = words(
    "now clock_timestamp statement_timestamp transaction_timestamp timeofday timezone date_trunc date_part extract age "
    "make_date make_time make_timestamp make_timestamptz make_interval to_date to_timestamp isfinite justify_days "
    "gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v4 random setseed nextval currval lastval setval "
    "lower upper initcap btrim ltrim rtrim trim left right substr substring length char_length octet_length reverse "
    "concat coalesce nullif greatest least md5 sha224 sha256 sha384 sha512 encode decode convert_to convert_from chr "
    "ascii strpos position starts_with quote_ident quote_literal to_hex "
    "abs ceil ceiling floor round trunc sign mod div sqrt "
    "array_append array_prepend array_length cardinality row_to_json to_json to_jsonb json_build_object "
    "json_build_array jsonb_build_object jsonb_build_array jsonb_typeof json_object jsonb_object int4range int8range "
    "numrange tsrange tstzrange daterange lower_inc upper_inc isempty point box circle "
    "current_user session_user current_setting current_schema current_database pg_backend_pid txid_current "
    "pg_current_xact_id to_tsvector to_tsquery plainto_tsquery inet_client_addr host network masklen family"
)


def costly_call(statement: Statement) -> str:
    """Why nobody knows what evaluating the statement takes; empty where all its calls are modest."""
    if isinstance(statement.node, ast.CreateTableAsStmt):  # WITH NO DATA neither plans nor runs the query
        return ""
    for node in walk(statement.node):
        if isinstance(node, ast.FuncCall) and not has_column(node):
            name = node.funcname[-1].string.sval
            if name not in _MODEST:
                return f"it calls {name}(), and nobody knows what evaluating that takes"
    return ""
