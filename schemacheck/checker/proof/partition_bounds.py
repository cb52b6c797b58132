"""FOR VALUES: whether a bound fits the key of its table, and whether another partition has taken it.

Bounds that are constants of PostgreSQL's own types are compared by the server, as constants: nothing of the tables is
read. What else a bound may hold is left to a proof on copies.
"""

from collections.abc import Sequence
from typing import Any

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.answers import ServerError
from schemacheck.checker.database.catalog import Table
from schemacheck.checker.database.partitioning import Key, Part
from schemacheck.checker.proof.expressions import check_constant_of, expression_place, refuse_subquery
from schemacheck.checker.proof.made import speaks_of_made
from schemacheck.checker.reading.parser import expression_sql, partition_bound, walk
from schemacheck.checker.reading.shapes import quote
from schemacheck.checker.scope import Scope

_STRATEGIES = {"r": "range", "l": "list", "h": "hash"}
_INFINITE = ("minvalue", "maxvalue")
_AT_ONCE = 200  # bounds compared in one question


def check_bound(scope: Scope, parent: Table, name: str, bound: Any) -> None:
    """Judge the bound of a new partition."""
    key = parent.key
    if key is None or not key.strategy or scope.has_error:
        return
    if bound.is_default:
        _check_default(scope, parent, key, name, bound)
    elif bound.strategy != key.strategy:
        message = f"invalid bound specification for a {_STRATEGIES[key.strategy]} partition"
        scope.error("partition-bound", message, "42P16", bound.location)
    elif key.strategy == "h":
        _check_hash(scope, parent, name, bound)
    else:
        _check_values(scope, parent, key, bound)
        if not scope.has_error:
            _compare(scope, parent, key, name, bound)


def _check_default(scope: Scope, parent: Table, key: Key, name: str, bound: Any) -> None:
    other = next((part for part in parent.parts if part.is_default), None)
    if key.strategy == "h":
        message = "a hash-partitioned table may not have a default partition"
        scope.error("partition-bound", message, "42P16", bound.location)
    elif other:
        message = f'partition "{name}" conflicts with existing default partition "{other.name}"'
        scope.error("partition-bound", message, "42P17", bound.location)


def _check_hash(scope: Scope, parent: Table, name: str, bound: Any) -> None:
    if bound.modulus <= 0:
        message = "modulus for hash partition must be an integer value greater than zero"
        scope.error("partition-bound", message, "42P16", bound.location)
        return
    if not 0 <= bound.remainder < bound.modulus:
        word = "less than modulus" if bound.remainder >= 0 else "an integer value greater than or equal to zero"
        scope.error("partition-bound", f"remainder for hash partition must be {word}", "42P16", bound.location)
        return
    taken = [(part, spec.modulus, spec.remainder) for part in parent.parts if (spec := _bound_of(part))]
    for part, modulus, _ in taken:
        if max(modulus, bound.modulus) % min(modulus, bound.modulus):
            message = "every hash partition modulus must be a factor of the next larger modulus"
            hint = f'The modulus {bound.modulus} does not go with {modulus}, the modulus of "{part.name}".'
            scope.error("partition-bound", message, "42P17", bound.location, hint=hint)
            return
    for part, modulus, remainder in taken:
        if (bound.remainder - remainder) % min(modulus, bound.modulus) == 0:
            _report_overlap(scope, name, part, bound)
            return


def _check_values(scope: Scope, parent: Table, key: Key, bound: Any) -> None:
    """The number of values, and whether each can be a value of the key."""
    if key.strategy == "l":
        values = [(0, value) for value in bound.listdatums]
    else:
        for word, datums in (("FROM", bound.lowerdatums), ("TO", bound.upperdatums)):
            if len(datums) != len(key.columns):
                message = f"{word} must specify exactly one value per partitioning column"
                scope.error("partition-bound", message, "42P16", bound.location)
                return
        if _mixed(scope, bound.lowerdatums) or _mixed(scope, bound.upperdatums):
            return
        values = [pair for datums in (bound.lowerdatums, bound.upperdatums) for pair in enumerate(datums)]
    for place, value in values:
        if not _infinity(value) or key.strategy == "l":
            _check_value(scope, parent, key, place, value)
        if scope.has_error:
            return


def _mixed(scope: Scope, datums: Sequence[Any]) -> bool:
    """After MINVALUE or MAXVALUE nothing else may follow."""
    for word in _INFINITE:
        first = next((place for place, value in enumerate(datums) if _infinity(value) == word), len(datums))
        if other := next((value for value in datums[first:] if _infinity(value) != word), None):
            message = f"every bound following {word.upper()} must also be {word.upper()}"
            scope.error("partition-bound", message, "42804", expression_place(other))
            return True
    return False


def _check_value(scope: Scope, parent: Table, key: Key, place: int, value: Any) -> None:
    if key.strategy == "r" and value.HasField("a_const") and value.a_const.isnull:
        scope.error("partition-bound", "cannot specify NULL in range bound", "42P17", expression_place(value))
        return
    for node in walk(value):
        if isinstance(node, ast.ColumnRef):
            message = "cannot use column reference in partition bound expression"
            scope.error("invalid-expression", message, "0A000", node.location)
            return
    if refuse_subquery(scope, value, "partition bound"):
        return
    name = key.columns[place]
    column = parent.column(name) if name else None
    if column is not None and column.type is not None:
        check_constant_of(scope, column.name, column.type, value)


def _compare(scope: Scope, parent: Table, key: Key, name: str, bound: Any) -> None:
    """Whether a range is empty, and which partition has a value in common with the new one."""
    if scope.session is None or "" in key.types:
        return
    own = _Bound(key, bound)
    others = [(part, _Bound(key, spec)) for part in parent.parts if (spec := _bound_of(part)) and not spec.is_default]
    if not own.is_constant:
        return
    others = [(part, other) for part, other in others if other.is_constant]
    for start in range(0, max(len(others), 1), _AT_ONCE):
        some = others[start : start + _AT_ONCE]
        asked = [own.is_empty, *(own.meets(other) for _, other in some)]
        answer = scope.session.attempt(f"SELECT pg_catalog.to_json(ARRAY[{', '.join(asked)}]::bool[])")
        if isinstance(answer, ServerError):
            if not speaks_of_made(scope.catalog, answer) and answer.sqlstate.startswith("22"):
                scope.error("invalid-literal", answer.message, answer.sqlstate, bound.location, hint=answer.hint)
            return
        is_empty, *met = answer
        if is_empty:
            message = f'empty range bound specified for partition "{name}"'
            scope.error(
                "partition-bound", message, "42P17", bound.location, hint="FROM is below TO, and TO is not part."
            )
            return
        if taken := next((part for (part, _), meets in zip(some, met, strict=True) if meets), None):
            _report_overlap(scope, name, taken, bound)
            return


def _report_overlap(scope: Scope, name: str, part: Part, bound: Any) -> None:
    message = f'partition "{name}" would overlap partition "{part.name}"'
    shown = part.bound if isinstance(part.bound, str) else ""
    hint = f"{quote(part.name)} is {shown}." if shown else ""
    scope.error("partition-bound", message, "42P17", bound.location, hint=hint, facts={"partition": part.name})


def _bound_of(part: Part) -> Any:
    return partition_bound(part.bound) if isinstance(part.bound, str) else part.bound


def _infinity(value: Any) -> str:
    """minvalue or maxvalue where a value of a range is one, which the grammar takes for a column."""
    if not value.HasField("column_ref") or len(value.column_ref.fields) != 1:
        return ""
    word = value.column_ref.fields[0].string.sval
    return word if word in _INFINITE else ""


class _Bound:
    """A range or a list of constants, as questions of SQL about it."""

    def __init__(self, key: Key, bound: Any) -> None:
        self.is_list = key.strategy == "l"
        datums = [bound.listdatums] if self.is_list else [bound.lowerdatums, bound.upperdatums]
        types = key.types * len(bound.listdatums) if self.is_list else key.types
        self.is_constant = all(_infinity(value) or _is_constant(value) for some in datums for value in some)
        self._values = [
            [
                _infinity(value) or f"({expression_sql(value)})::{shown}"
                for value, shown in zip(some, types, strict=True)
            ]
            for some in datums
        ]
        self._nulls = [value.HasField("a_const") and bool(value.a_const.isnull) for value in datums[0]]

    @property
    def is_empty(self) -> str:
        return "false" if self.is_list else f"NOT {_below(*self._values)}"

    def meets(self, other: "_Bound") -> str:
        """Whether the two have a value in common."""
        if self.is_list:
            if any(self._nulls) and any(other._nulls):  # noqa: SLF001
                return "true"
            theirs = f"ARRAY[{', '.join(other._values[0])}]"  # noqa: SLF001
            alike = (f"coalesce({mine} OPERATOR(pg_catalog.=) ANY ({theirs}), false)" for mine in self._values[0])
            return f"({' OR '.join(alike)})"
        (low, high), (other_low, other_high) = self._values, other._values  # noqa: SLF001
        return f"({_below(low, other_high)} AND {_below(other_low, high)})"


def _below(one: Sequence[str], other: Sequence[str]) -> str:
    """Whether a row of values comes before another, as SQL."""
    if not one:
        return "false"
    (first, *rest), (second, *others) = one, other
    if first in _INFINITE or second in _INFINITE:
        places = [-1 if side == "minvalue" else 1 if side == "maxvalue" else 0 for side in (first, second)]
        return "true" if places[0] < places[1] else "false"
    less, equal = (f"{first} OPERATOR(pg_catalog.{sign}) {second}" for sign in ("<", "="))
    return f"({less} OR ({equal} AND {_below(rest, others)}))" if rest else f"({less})"


def _is_constant(value: Any) -> bool:
    """A constant, or one said to be of a type of PostgreSQL's own: reading it runs nothing of the database."""
    if value.HasField("type_cast"):
        names = [part.string.sval for part in value.type_cast.type_name.names]
        own = names[:-1] in ([], ["pg_catalog"]) and names[-1] in _READ_ALIKE
        return own and _is_constant(value.type_cast.arg)
    return bool(value.HasField("a_const"))


_READ_ALIKE = {
    *("int2", "int4", "int8", "numeric", "float4", "float8", "text", "varchar", "bpchar", "bool", "uuid"),
    *("date", "time", "timetz", "timestamp", "timestamptz", "interval"),
}
