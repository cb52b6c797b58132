from hypothesis import given
from hypothesis import strategies as st

from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.parser import parse


def test_one_broken_statement_leaves_the_others_their_trees() -> None:
    _, statements, _ = parse("CREATE TABLE a (id int);\nCREATE TABEL b (id int);\nCREATE TABLE c (id int);")
    assert [statement.kind for statement in statements] == ["create_table", "create_tabel", "create_table"]
    problem = statements[1].problem
    assert problem
    assert (problem.line, problem.column, problem.sqlstate) == (2, 8, "42601")


def test_positions_count_characters_not_bytes() -> None:
    _, statements, _ = parse("SELECT 'grün';\n  CREATE TABLE \"größe\" (ä int, b tabel int);")
    problem = statements[1].problem
    assert problem
    assert (problem.line, problem.column) == (2, 40)


def test_an_error_at_the_end_points_behind_the_last_character() -> None:
    _, (statement,), _ = parse("CREATE TABLE t (id int")
    assert statement.problem
    assert statement.problem.message == "syntax error at end of input"
    assert (statement.problem.line, statement.problem.column) == (1, 23)


def test_a_column_is_read_with_its_type_and_constraints() -> None:
    _, (statement,), _ = parse(
        "CREATE TABLE \"S\".t (n numeric(10,2)[] NOT NULL DEFAULT '{}' REFERENCES o.u (k) DEFERRABLE, PRIMARY KEY (n))"
    )
    shape = shape_of(statement)
    column = shape.columns[0]
    assert (shape.name.schema, shape.name.name, str(shape.name)) == ("S", "t", "S.t")
    assert (column.type.name.name, column.type.modifiers, column.type.is_array) == ("numeric", (10, 2), True)
    assert [constraint.kind for constraint in shape.all_constraints] == ["primary", "not_null", "default", "foreign"]
    assert shape.all_constraints[-1].deferrable
    assert str(shape.all_constraints[-1].references) == "o.u"


@given(st.text())
def test_parsing_never_fails(script: str) -> None:
    source, statements, _ = parse(script)
    for statement in statements:
        assert source.text[statement.offset :].startswith(statement.sql[:1])
