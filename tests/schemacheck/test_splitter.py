from hypothesis import given
from hypothesis import strategies as st

from schemacheck.checker.reading.splitter import comments, is_too_deep, split


def texts(script: str) -> list[str]:
    return [piece.text for piece in split(script)]


def test_semicolons_separate_statements() -> None:
    assert texts("a; b ;\n\n c") == ["a", "b", "c"]


def test_semicolons_in_strings_names_comments_and_dollar_quotes_do_not() -> None:
    for kept in ("'a;b'", '"a;b"', "/* a;b /* c; */ */ d", "$$a;b$$", "$tag$a;$$;b$tag$", "E'a\\';b'", "x -- a;b"):
        assert texts(f"select {kept}\n; next") == [f"select {kept}", "next"]


def test_a_rule_and_a_sql_function_keep_their_semicolons() -> None:
    rule = "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)"
    body = "BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END"
    function = f"CREATE OR REPLACE FUNCTION f() RETURNS int {body}"
    assert texts(f"{rule};{function};SELECT 3") == [rule, function, "SELECT 3"]


def test_a_missing_parenthesis_costs_one_statement() -> None:
    broken, whole = "CREATE TABLE a (id int", "CREATE TABLE b (id int)"
    assert texts(f"{broken}; {whole}") == [broken, whole]


def test_an_open_quote_takes_the_rest() -> None:
    assert texts("select 1; select 'a; select 2") == ["select 1", "select 'a; select 2"]
    assert texts("select 1; select $q$a; select 2") == ["select 1", "select $q$a; select 2"]


def test_comments_alone_are_no_statement() -> None:
    assert texts("-- one\n/* two */ ; -- three") == []


def test_the_rows_of_a_dump_are_not_sql() -> None:
    dump = "\\restrict abc\nCOPY t (a) FROM stdin;\n1;2\n'\n\\.\n\nSELECT 1;\n"
    assert texts(dump) == ["COPY t (a) FROM stdin", "SELECT 1"]


def test_depth_is_measured_by_nesting_not_by_length() -> None:
    assert is_too_deep("SELECT " + "1+" * 3000 + "1")
    assert is_too_deep("SELECT " + "not " * 3000 + "true")
    assert is_too_deep("SELECT 1" + " UNION SELECT 1, 2" * 3000)
    assert not is_too_deep("INSERT INTO t VALUES " + "(1 + 2, 'a-b-c'), " * 5000 + "(1, '')")


_FRAGMENTS = {
    **dict.fromkeys(["-- one\n", "--\n", "/* a */", "/* a /* b */ ' c */", "/**/"], True),
    **dict.fromkeys(
        ["'-- no'", "'it''s /* no */'", '"/* no */"', "$$ -- no $$", "$a$ /* $$ */ $a$", "E'\\'-- no'"], False
    ),
    **dict.fromkeys(["SELECT 1", ";", "(", "BEGIN ATOMIC", "\n"], False),
}


@given(st.lists(st.sampled_from(sorted(_FRAGMENTS))))
def test_a_comment_is_told_from_what_looks_like_one_in_a_string(fragments: list[str]) -> None:
    script = " ".join(fragments)
    expected = [fragment.rstrip("\n") for fragment in fragments if _FRAGMENTS[fragment]]
    assert [comment.text for comment in comments(script)] == expected
    assert all(script.startswith(comment.text, comment.offset) for comment in comments(script))


@given(st.text(alphabet="ab;'\"$/*-\\ \n()E"))
def test_pieces_stand_where_they_say_and_never_overlap(script: str) -> None:
    end = 0
    for piece in split(script):
        assert piece.offset >= end
        assert script[piece.offset : piece.offset + len(piece.text)] == piece.text
        assert piece.text
        end = piece.offset + len(piece.text)
