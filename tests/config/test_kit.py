"""The parts of pages: what they show, that nothing a value holds becomes markup, and that they end on any value."""

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from django.contrib.auth.password_validation import password_validators_help_text_html
from django.template import Context, Template
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from config.pages import kit
from config.pages.kit import values

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script> & \"quoted\""
TEXT = st.text(st.characters(codec="utf-8"), max_size=200)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
TABLE = ("table", "tbody", "td", "th", "thead", "tr")
INLINE = ("a", "b", "button", "code", "del", "em", "ins", "span", "time")
BLOCKS = ("dd", "details", "div", "dl", "dt", "li", "ol", "p", "pre", "summary")
KNOWN_TAGS = {*INLINE, *BLOCKS, *TABLE}


class Read(HTMLParser):
    """What a browser would make of it: tags that all close in order, attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parts(value: Any) -> list[SafeString]:
    """Each part, made of one value."""
    text = value if isinstance(value, str) else json.dumps(value)
    step = kit.Step(at=NOW, what=text, who=text, detail=text, link="/x")
    return [
        kit.badge(text),
        kit.code(text, "sh"),
        kit.facts([(text, value), (text, text)]),
        kit.tree(value),
        kit.tree({text: value}),
        kit.changes(value, {text: text}),
        kit.changes({text: value}, {text: text}),
        kit.words(text, text[::-1]),
        kit.timeline([step]),
        kit.empty(text, text),
    ]


@given(JSON)
def test_no_value_becomes_markup(value: Any) -> None:
    for part in parts(value):
        assert isinstance(part, SafeString)
        seen = Read(part)
        assert set(seen.tags) <= KNOWN_TAGS
        assert not {name for name in seen.attributes if name.startswith("on") or name == "style"}


def test_what_is_hostile_is_shown_as_it_is() -> None:
    for part in parts(HOSTILE):
        assert "<script>" not in part
    assert Read(kit.badge(HOSTILE)).text == HOSTILE
    assert HOSTILE in Read(kit.tree({"key": HOSTILE})).text
    assert HOSTILE in Read(kit.empty(HOSTILE)).text


def test_a_badge_says_its_word_and_takes_a_tone_there_is() -> None:
    assert kit.badge("open", "wait") == '<span class="kit-badge kit-wait">open</span>'
    with pytest.raises(ValueError, match="purple is no tone; one of good, bad, wait, quiet, info"):
        kit.badge("open", "purple")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("distance", "said"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=12), "12 s ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=29), "29 d ago"),
        (timedelta(days=30), "2026-04-04"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(hours=-4, seconds=1), "in 4 h"),
        (timedelta(hours=-1, seconds=1), "in 1 h"),
        (timedelta(hours=-3, minutes=-29), "in 3 h"),
        (timedelta(hours=-3, minutes=-40), "in 4 h"),
        (timedelta(days=-30, seconds=1), "in 30 d"),
        (timedelta(seconds=-20), "in 20 s"),
        (timedelta(milliseconds=-600), "now"),
        (timedelta(days=-40), "2026-06-13"),
    ],
)
def test_a_time_is_said_as_people_do_and_stands_exact_beside_it(distance: timedelta, said: str) -> None:
    with time_machine.travel(NOW, tick=False):
        shown = kit.moment(NOW - distance)
        exact = kit.moment(NOW - distance, exact=True)
    full = f"{NOW - distance:%Y-%m-%d %H:%M:%S} UTC"
    assert Read(shown).text == said
    assert f'title="{full}"' in shown
    assert f'datetime="{(NOW - distance).isoformat(timespec="milliseconds")}"' in shown
    assert Read(exact).text == full
    assert f'title="{said}"' in exact


def test_no_time_is_a_dash() -> None:
    assert Read(kit.moment(None)).text == "-"


def test_json_folds_and_shows_every_value() -> None:
    seen = Read(kit.tree({"name": "dana", "none": None, "yes": True, "inner": {"list": [1, 2], "empty": {}}}))
    assert seen.tags.count("details") == 2
    for shown in ("dana", "null", "true", "2 fields", "2 items", "{}"):
        assert shown in seen.text


def test_a_tree_is_bounded_and_says_what_it_leaves_out() -> None:
    assert "and 800 more" in kit.tree(list(range(1000)))
    wide = [{str(index): index for index in range(100)} for _ in range(100)]
    assert Read(kit.tree(wide)).tags.count("dt") < values.MOST_IN_ALL + 200
    deep: Any = "end"
    for _ in range(200):
        deep = [deep]
    assert Read(kit.tree(deep)).tags.count("details") == values.DEEPEST
    assert "differs" in kit.changes(deep, deep)


@given(TEXT, TEXT)
def test_a_diff_by_word_has_both_texts(old: str, new: str) -> None:
    shown = kit.words(old, new)

    def side(left_out: str) -> str:
        class Side(Read):
            def handle_data(self, data: str) -> None:
                self.text += "" if left_out in self.open else data

        return Side(shown).text

    assert side("ins") == old.replace("\r\n", "\n").replace("\r", "\n") or side("ins") == old
    assert side("del") == new.replace("\r\n", "\n").replace("\r", "\n") or side("del") == new


def test_a_diff_by_word_marks_words_and_no_more() -> None:
    assert "Answer in <del>French</del><ins>German</ins>, briefly." in kit.words(
        "Answer in French, briefly.", "Answer in German, briefly."
    )


def test_texts_too_long_to_compare_say_so() -> None:
    assert "are not compared by word" in kit.words("a" * 200_001, "b")


def test_changes_are_told_by_key() -> None:
    shown = Read(kit.changes({"a": 1, "b": {"c": "x y"}, "gone": 0}, {"a": 1, "b": {"c": "x z"}, "came": [1]}))
    assert [tag for tag in shown.tags if tag in {"ins", "del"}] == ["del", "ins", "del", "ins"]
    for said in ("b.c", "gone", "came", "not there", "1 field is the same."):
        assert said in shown.text
    assert "Nothing differs." in kit.changes({"a": [1]}, {"a": [1]})


def test_a_timeline_begins_with_the_newest() -> None:
    steps = [kit.Step(at=NOW - timedelta(hours=hours), what=f"step {hours}") for hours in (3, 1, 2)]
    text = Read(kit.timeline(steps)).text
    assert text.index("step 1") < text.index("step 2") < text.index("step 3")


def test_a_chart_is_drawn_with_its_numbers_as_a_table() -> None:
    shown = kit.chart("By <day>", "bar", [("mon", 3), ("<tue>", 5)])
    assert "By &lt;day&gt;" in shown
    assert "&lt;tue&gt;" in shown
    assert "As a table" in shown
    assert "Nothing in this range." in kit.chart("None", "line", [("mon", 0)])


def test_templates_have_the_parts_too() -> None:
    page = Template(
        "{% load kit %}{% badge 'open' 'good' %}{{ at|moment }}{{ data|tree }}{% changes 1 2 %}{% words 'a' 'b' %}"
        "{% code 'ls' %}{% empty 'None' 'run' %}{{ pairs|facts }}{{ steps|timeline }}"
    ).render(Context({"at": NOW, "data": {"k": 1}, "pairs": [("a", 1)], "steps": []}))
    for name in ("badge", "relative", "tree", "changes", "words", "code", "empty", "facts", "quiet"):
        assert f"kit-{name}" in page


# Commands and texts


def test_a_text_shows_code_and_spells_commands_of_ours_whole(settings: Any) -> None:
    settings.COMMAND = "DATA_DIR=/x here/manage.py"
    said = kit.prose("Run `manage.py migrate`, then `git push *`; <b>")
    assert said == ("Run <code>DATA_DIR=/x here/manage.py migrate</code>, then <code>git push *</code>; &lt;b&gt;")
    assert kit.prose("One ` alone") == "One ` alone"
    assert kit.prose("Beside `manage.py` itself") == "Beside <code>manage.py</code> itself"
    assert kit.prose(password_validators_help_text_html()).startswith("<ul><li>")
    assert (
        Read(kit.command("up\ndoctor")).text == "CopyDATA_DIR=/x here/manage.py up\nDATA_DIR=/x here/manage.py doctor"
    )


@given(TEXT)
def test_a_text_loses_no_word_and_becomes_no_markup(text: str) -> None:
    read = Read(kit.prose(text))
    assert set(read.tags) <= {"code"}
    assert read.text.replace("`", "") == text.replace("`", "").replace("\r", "\r")
