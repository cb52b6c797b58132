"""The table of errors is what the code says, and says something of each."""

import re
from pathlib import Path

from config.errors import DomainError
from config.rest import errors_page

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
ROW = re.compile(r"^\| (\d{3}) \| `([a-z0-9-]+)` \| (\S.*) \| (\S.*) \|$", re.MULTILINE)


def test_the_page_of_errors_is_what_the_code_says() -> None:
    how = "write it anew: python -m config.rest.errors_page > docs/errors.md"
    assert PAGE.read_text() == errors_page.render(), how


def test_every_row_has_a_status_a_code_a_place_and_a_remedy() -> None:
    table = errors_page.render().partition("|---|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
    assert len(table) > 80
    assert [row for row in table if not ROW.match(row)] == []


def test_every_error_that_is_not_the_callers_fault_says_what_to_do_itself() -> None:
    """Below 500 the answer's own detail leads on; where the service fails, the parent's words would fit nothing."""
    unsaid = {
        kind.__name__
        for kind in _all(DomainError)
        if kind.status >= 500 and not kind.__module__.startswith("tests.") and kind.remedy == DomainError.remedy
    }
    assert unsaid == set()


def _all(kind: type[DomainError]) -> list[type[DomainError]]:
    return [item for child in kind.__subclasses__() for item in (child, *_all(child))]
