"""PostgreSQL's own types, for checks without a catalog. Names as in pg_type, and as `format_type` shows them."""

from schemacheck.checker.reading.shapes import words

DISPLAY = {
    "bool": "boolean",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "varchar": "character varying",
    "bpchar": "character",
    "char": '"char"',
    "bit": "bit",
    "varbit": "bit varying",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
}
_PLAIN = (
    "numeric money text name bytea date interval uuid json jsonb jsonpath xml inet cidr macaddr macaddr8 point line "
    "lseg box path polygon circle tsvector tsquery gtsvector oid xid xid8 cid tid pg_lsn txid_snapshot pg_snapshot "
    "regproc regprocedure regoper regoperator regclass regtype regrole regnamespace regconfig regdictionary "
    "regcollation int2vector oidvector aclitem refcursor int4range int8range numrange tsrange tstzrange daterange "
    "int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange"
)
DISPLAY.update({name: name for name in _PLAIN.split()})

COLLATED = frozenset({"text", "character varying", "character", "name"})
SYSTEM_COLUMNS = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})
PSEUDO = words(
    "any anyarray anyelement anynonarray anyenum anyrange anymultirange anycompatible anycompatiblearray "
    "anycompatiblenonarray anycompatiblerange anycompatiblemultirange cstring internal language_handler fdw_handler "
    "table_am_handler index_am_handler tsm_handler record trigger event_trigger void unknown pg_ddl_command"
)

# Types that well-known extensions bring: their absence from the list above proves nothing.
EXTENSION = words(
    "citext hstore ltree lquery ltxtquery cube seg geometry geography raster box2d box3d vector halfvec sparsevec isbn "
    "isbn13 ean13 semver lo roaringbitmap h3index"
)

# Types a foreign key may compare across (btree operator families), and implicit casts towards the key's type.
_ALIKE = (
    {"smallint", "integer", "bigint"},
    {"real", "double precision"},
    {"date", "timestamp without time zone", "timestamp with time zone"},
    {"text", "character varying", "name"},
)
_IMPLICIT = {
    ("smallint", "numeric"),
    ("integer", "numeric"),
    ("bigint", "numeric"),
    ("smallint", "real"),
    ("integer", "real"),
    ("bigint", "real"),
    ("numeric", "real"),
    ("smallint", "double precision"),
    ("integer", "double precision"),
    ("bigint", "double precision"),
    ("numeric", "double precision"),
    ("character", "text"),
    ("character", "character varying"),
    ("cidr", "inet"),
    ("smallint", "oid"),
    ("integer", "oid"),
    ("bigint", "oid"),
}
# Modifiers a type takes: how many, and the range of the first.
MODIFIERS: dict[str, tuple[int, int, int]] = {
    "numeric": (2, 1, 1000),
    "varchar": (1, 1, 10_485_760),
    "bpchar": (1, 1, 10_485_760),
    "bit": (1, 1, 83_886_080),
    "varbit": (1, 1, 83_886_080),
    "time": (1, 0, 1_000_000),
    "timetz": (1, 0, 1_000_000),
    "timestamp": (1, 0, 1_000_000),
    "timestamptz": (1, 0, 1_000_000),
    "interval": (2, 0, 1_000_000),
}


def can_reference(column: str, key: str) -> bool:
    """Whether a foreign key column of one type may refer to a key of another; both as `format_type` shows them."""
    if column == key:
        return True
    return (column, key) in _IMPLICIT or any(column in family and key in family for family in _ALIKE)
