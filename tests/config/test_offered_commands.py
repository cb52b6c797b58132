"""What a page offers to type works as it stands: on the start page, and where a list or a panel is empty."""

import html
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import get_commands
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

import config.urls  # noqa: F401 -- which loads every table's page
from config.admin import ToolAdmin
from config.commandline.names import joined
from tests.project.doors import command_parser
from tests.prompts.stub_model import Stub
from tests.schemacheck.test_other_django import Site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inline_health")]

LISTS = [
    reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for model, shown in admin.site._registry.items()
    if isinstance(shown, ToolAdmin)
]
LASTING = {"up"}
"""These go on until they are told to end; the tests of services start them."""
ASKING = {"agent_install"}
"""These show what they would write and ask whoever typed them, who agrees."""
OFFERED = re.compile(r"<code>(.*?)</code>", re.DOTALL)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with what the commands are about: an image, and a Django project with a migration."""
    (tmp_path / "shot.png").write_bytes(b"\x89PNG\r\n\x1a\n and the rest")
    Site(tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def model(settings: Any) -> Iterator[None]:
    server = Stub()
    settings.MODEL_BASE_URL, settings.MODEL_API = server.url, "openai"
    yield
    server.close()


def offered(page: str) -> list[str]:
    """The lines of a page to be typed, without what finds the installation, which each of them has."""
    blocks = [html.unescape(strip_tags(block)) for block in OFFERED.findall(page)]
    lines = [line for block in blocks if block.startswith("handrail-here ") for line in block.splitlines()]
    assert all(line.startswith("handrail-here ") for line in lines), lines
    return [line.removeprefix("handrail-here ") for line in lines]


@pytest.mark.parametrize("address", ["/", "/admin/", *LISTS])
def test_a_command_that_a_page_offers_is_not_refused(
    address: str, admin_client: Client, run_command: Callable[..., tuple[int, str, str]], settings: Any
) -> None:
    settings.COMMAND = "handrail-here"
    for line in offered(admin_client.get(address).content.decode()):
        words, commands = shlex.split(line), get_commands()
        two = joined(words, commands)
        name, given = (two, words[2:]) if two else (words[0], words[1:])
        given += ["--yes"] if name in ASKING else []
        command_parser(name).parse_args(given)
        if name not in LASTING:
            code, out, err = run_command(name, *given)
            assert code in (0, 1), f"{line}: {out}{err}"


def test_the_start_page_offers_a_command_for_each_tool(admin_client: Client, settings: Any) -> None:
    settings.COMMAND = "handrail-here"
    begun = {line.split()[0] for line in offered(admin_client.get("/").content.decode())}
    assert begun >= {"agent", "apikey", "rules", "schemacheck", "visioncache", "escalation", "prompt", "dockerdebug"}
