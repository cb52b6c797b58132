"""READMEs in one shape, and a repository that speaks of nothing but itself."""

import re
import unicodedata
from pathlib import Path

import pytest

from tests.project.sources import APPS, ROOT, repository_files

README_LINES = 60
DOORS = ("REST", "Command", "MCP", "Celery", "Admin")

# Pictographs, dingbats, arrows drawn as emoji, flags, keycaps, variation selector 16: terminal and log words are ASCII.
EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a\u231b\u23e9-\u23fa\u25fb-\u25fe\u20e3\ufe0f\U000e0020-\U000e007f]"
)
# Folders of the machine something was written on; containers' and users' own (/app, /root/.pip, ~) may be spoken of.
PERSONAL_PATH = re.compile(r"(?<![\w.$}/~-])/(?:Users/\w+|work|workspaces?|mnt/\w+)/[\w.-]+")
UNFINISHED = re.compile(r"\b(?:FIX" r"ME|XX" r"X|HA" r"CK)\b")
BINARY = {".png", ".ico", ".gz", ".woff2", ".jpg", ".tiktoken", ".whl"}


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in repository_files():
        if path.suffix in BINARY:
            continue
        try:
            found.append((path.relative_to(ROOT), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {found.group()}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if (found := pattern.search(line))
    ]


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_a_readme_in_the_house_shape(app: str) -> None:
    path = ROOT / app / "README.md"
    assert path.exists(), f"{app}/README.md is missing: what it is for, its nouns, one example per door."
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == f"# {app}"
    assert len(lines) <= README_LINES, f"{app}/README.md has {len(lines)} lines; {README_LINES} are enough."
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    for heading in ("Where is ...", "The five doors"):
        assert heading in headings, f"{app}/README.md lacks `## {heading}`; it has {headings}."
    assert re.search(r"^\| ?word", text, re.MULTILINE), f"{app}/README.md lacks its table of words."
    doors = text.split("## The five doors")[1]
    missing = [door for door in DOORS if not re.search(rf"^[-*]* ?\**{door}\b", doors, re.MULTILINE)]
    assert not missing, f"{app}/README.md shows no example for: {', '.join(missing)}."


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
    pages = [(path, text) for path, text in texts() if path.suffix == ".md"]
    links = [(path, target) for path, text in pages for target in link.findall(text)]
    broken = [f"{path}: {target}" for path, target in links if not (ROOT / path.parent / target).exists()]
    assert not broken, "Links that lead nowhere:\n" + "\n".join(broken)


def test_there_is_no_emoji() -> None:
    found = [f"{line} ({unicodedata.name(line[-1], '?')})" for line in lines_with(EMOJI)]
    assert not found, "Status words are plain ASCII ([OK] [WARN] [FAIL] [SKIP]):\n" + "\n".join(found)


def test_no_path_of_one_machine_is_named() -> None:
    found = lines_with(PERSONAL_PATH)
    assert not found, "Paths that exist on one machine only:\n" + "\n".join(found)


def test_nothing_is_marked_as_unfinished() -> None:
    found = lines_with(UNFINISHED)
    assert not found, "Finish it, or write down why not:\n" + "\n".join(found)


def test_no_conflict_marker_is_left() -> None:
    assert not lines_with(re.compile(r"^(?:<{7} |>{7} |={7}$)"))


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", *(f"{app}/README.md" for app in APPS)])
def test_a_guide_names_only_files_that_are_there(name: str) -> None:
    """A reader who looks for a module by the guide finds it."""
    there = {str(path.relative_to(ROOT)) for path in repository_files()}
    named = set(re.findall(r"`([\w/]+\.py)`", (ROOT / name).read_text(encoding="utf-8")))
    lost = [file for file in named if not any(path == file or path.endswith(f"/{file}") for path in there)]
    assert not lost, f"{name} names {', '.join(sorted(lost))}, which moved or went."
