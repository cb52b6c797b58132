"""Tables on an object's page."""

import pytest

from config.pages.kit.tables import table


def test_a_row_has_each_columns_name_for_a_phone() -> None:
    text = table(["Case", "Asked"], [("one", "<b>"), ("two", 2)], caption="All & more")
    assert text.count('data-label="Case"') == 2
    assert '<td role="cell" data-label="Asked">&lt;b&gt;</td>' in text
    assert "<caption>All &amp; more</caption>" in text
    assert "<caption>" not in table(["Case"], [])


def test_a_row_of_another_length_is_a_mistake() -> None:
    with pytest.raises(ValueError):
        table(["Case", "Asked"], [("one",)])
