"""What a person sees on a terminal: tables that fit, colours that can be refused, texts that do no harm."""

import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.commandline import terminal
from config.commandline.amounts import dollars, duration, moment, percent, size
from config.commands import OperationCommand

TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=60)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Command(OperationCommand):
    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write("[OK] fine\n[FAIL] \x1b]0;title\x07 not fine")
        self.table(["decision", "reason"], [["deny", "it\x1b[2J clears"]])


def shown(monkeypatch: pytest.MonkeyPatch, *arguments: str, out: io.StringIO | None = None) -> str:
    stream = out or Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    Command().run_from_argv(["manage.py", "trial", *arguments])
    return stream.getvalue()


@pytest.fixture(autouse=True)
def colours_allowed(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    for name in ("NO_COLOR", "DJANGO_COLORS", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.fixture(autouse=True)
def connections_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.commands.connections.close_all", lambda: None)


def test_a_terminal_shows_marks_and_verdicts_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch)
    assert "\x1b[32m[OK]\x1b[0m fine" in text
    assert "\x1b[31mdeny\x1b[0m" in text


@pytest.mark.parametrize(
    ("variables", "arguments"),
    [({"NO_COLOR": "1"}, []), ({"TERM": "dumb"}, []), ({"DJANGO_COLORS": "nocolor"}, []), ({}, ["--no-color"])],
)
def test_colours_can_be_refused(
    variables: dict[str, str], arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert "\x1b" not in shown(monkeypatch, *arguments)


def test_what_is_recorded_cannot_command_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, "--no-color")
    assert "\\x1b]0;title\\x07 not fine" in text
    assert "it\\x1b[2J clears" in text


def test_a_pipe_gets_the_text_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, out=io.StringIO())
    assert text.startswith("[OK] fine\n[FAIL] \x1b]0;title")
    assert "\x1b[32m" not in text


def test_a_table_is_as_wide_as_its_cells_where_nobody_watches() -> None:
    lines = terminal.table(["name", "text"], [["a", "word " * 50]], most=None)
    assert len(lines) == 2


def test_a_table_folds_the_widest_cells_and_keeps_ids_whole() -> None:
    lines = terminal.table(["id", "text"], [["01a22a2d-afa6", "many words that do not fit"]], most=30)
    assert lines == ["id             text", "01a22a2d-afa6  many words that", "               do not fit"]


def test_rows_become_lists_where_ids_leave_no_room() -> None:
    lines = terminal.table(["id", "other"], [["01a22a2d-afa6", "bcd"], ["01a22a2d-afa7", "e"]], most=15)
    assert lines == ["id     01a22a2d-afa6", "other  bcd", "", "id     01a22a2d-afa7", "other  e"]


def test_a_wide_letter_takes_two_columns() -> None:
    assert terminal.cells("e\u0301\u4e2d") == 3
    assert terminal.table(["a", "b"], [["\u4e2d", "x"], ["yy", "z"]], most=None) == ["a   b", "\u4e2d  x", "yy  z"]


@given(rows=ROWS, most=st.integers(10, 200))
def test_a_table_loses_no_word_and_fits_where_words_do(rows: list[tuple[str, str, str]], most: int) -> None:
    lines = terminal.table(["one", "two", "three"], rows, most=most)
    words = {word for row in rows for text in row for word in terminal.harmless(text).split()}
    assert words <= set(" ".join(lines).split())
    longest = max([5, *map(terminal.cells, words)])
    assert all(terminal.cells(line) <= most for line in lines) or 3 * longest + 4 > most


@given(text=TEXTS)
def test_no_control_character_is_left(text: str) -> None:
    assert all(letter.isprintable() or not letter.isascii() or letter in "\n\t" for letter in terminal.harmless(text))


@pytest.mark.parametrize(
    ("done", "total", "most", "line"),
    [
        (1, 4, 80, "events  [######------------------]  25 %  1/4"),
        (2000, 2000, 80, "events  [########################] 100 %  2,000/2,000"),
        (0, 0, 80, "events  [########################] 100 %  0/0"),
        (1, 4, 20, "events 1/4"),
    ],
)
def test_a_bar_says_how_far_a_work_is(done: int, total: int, most: int, line: str) -> None:
    assert terminal.bar(done, total, "events", most=most) == line


def test_a_bar_is_drawn_when_it_looks_otherwise_and_ended_before_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    command = Command(stderr=stream)
    for _ in range(3):
        command.progress(1, 4, "events")
    monkeypatch.setattr(command, "handle", lambda **_: (_ for _ in ()).throw(OSError))
    with pytest.raises(OSError):
        command.run_from_argv(["manage.py", "trial"])
    assert stream.getvalue().count("\r") == 1
    assert stream.getvalue().endswith("1/4\n")


def test_what_is_written_after_a_bar_begins_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(f"sys.{name}", screen)
    command = Command()
    command.progress(3, 4, "events")
    command.stdout.write("done")
    assert screen.getvalue().endswith("3/4\ndone\n")


def test_nobody_sees_a_bar_in_a_file() -> None:
    stream = io.StringIO()
    Command(stderr=stream).progress(1, 4, "events")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("part", "text"),
    [(6 / 7, "86 %"), (None, "-"), (0, "0 %"), (1, "100 %"), (0.9999, "99.9 %"), (0.0001, "0.1 %"), (0.014, "1 %")],
)
def test_a_part_is_written_in_percent(part: float | None, text: str) -> None:
    assert percent(part) == text


@given(part=st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_nearly_all_is_never_all(part: float) -> None:
    assert percent(part) not in {"0 %", "100 %"}


@pytest.mark.parametrize(
    ("micros", "text"),
    [(12_000, "$0.012"), (0, "$0.00"), (100_800, "$0.10"), (1_234_567_890, "$1,234.57"), (1, "$0.000001"), (None, "-")],
)
def test_money_is_written_in_dollars(micros: int | None, text: str) -> None:
    assert dollars(micros) == text


@pytest.mark.parametrize(
    ("count", "text"), [(634, "634 bytes"), (1234, "1.2 kB"), (999_999, "1.0 MB"), (71_000_000_000, "71.0 GB")]
)
def test_a_size_is_written_in_its_unit(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "250 ms"),
        (44.16, "44.2 s"),
        (90, "1 min 30 s"),
        (7200, "2 h"),
        (90_000, "1 d 1 h"),
        (None, "-"),
    ],
)
def test_a_span_is_written_in_two_units(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_a_moment_is_written_to_the_second_in_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 11, 30, 4, 5, 6, 789, tzinfo=east)) == "2026-11-30 02:05:06Z"
    assert moment(datetime(2026, 11, 30, 2, tzinfo=UTC)) == "2026-11-30 02:00:00Z"
    assert moment(None) == "-"
