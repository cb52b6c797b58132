"""The pages of projects: what to paste, and what came."""

import json
import shutil
import subprocess
from html import unescape

import pytest
from django.test import Client

from escalation.ingestion.snippets import snippets
from escalation.models import Bug, Project
from escalation.projects import create_project, rotate_key
from tests.escalation.ingestion.sending import counted, error

pytestmark = pytest.mark.django_db
LIST = "/admin/escalation/project/"
DSN = "http://0123456789abcdef0123456789abcdef@handrail.example/7"


@pytest.fixture
def shown(admin_client: Client):
    def read(project: Project) -> str:
        return unescape(admin_client.get(f"{LIST}{project.pk}/change/").content.decode())

    return read


def test_a_project_is_made_on_its_page_and_shows_what_to_paste(admin_client: Client, shown):
    admin_client.post(f"{LIST}add/", {"name": "Web shop", "slug": ""})
    project = Project.objects.get(slug="web-shop")
    text = shown(project)
    assert project.dsn in text
    for snippet in snippets(project.dsn):
        assert snippet.code in text
        assert snippet.install in text


def test_a_slug_that_is_taken_or_none_is_refused_beside_its_field(admin_client: Client):
    create_project(name="Shop")
    for name, slug in (("Shop", ""), ("Other", "shop"), ("Other", "A b")):
        answer = admin_client.post(f"{LIST}add/", {"name": name, "slug": slug})
        assert (answer.status_code, "errorlist" in answer.content.decode()) == (200, True)
    assert Project.objects.filter(slug__in=["shop", "other"]).count() == 1


def test_the_list_counts_open_bugs_and_leads_to_them(admin_client: Client):
    shop, blog = create_project(name="Shop"), create_project(name="Blog")
    counted(shop.keys.get(), error())
    counted(shop.keys.get(), error("ValueError"))
    counted(blog.keys.get(), error("OSError"))
    row = admin_client.get(LIST).content.decode()
    address = f"/admin/escalation/bug/?project__id__exact={shop.pk}&status__exact=open"
    assert f'<a href="{address}">2</a>' in unescape(row)
    bugs = admin_client.get(address).content.decode()
    for bug in Bug.objects.filter(project=shop):
        assert f"/admin/escalation/bug/{bug.pk}/" in bugs
    assert f"/admin/escalation/bug/{Bug.objects.get(project=blog).pk}/" not in bugs


def test_a_key_is_rotated_and_the_limit_changed_on_the_page(admin_client: Client, shown):
    project = create_project(name="Shop")
    old = project.dsn
    admin_client.post(f"{LIST}{project.pk}/moves/rotate_key/", {"keep_old": ""})
    admin_client.post(f"{LIST}{project.pk}/moves/change/", {"name": "Shop two", "per_minute": "50"})
    project = Project.objects.get(pk=project.pk)
    assert (project.name, project.per_minute) == ("Shop two", 50)
    text = shown(project)
    assert old not in text
    assert project.dsn in text


def test_a_project_without_a_key_says_what_to_do(shown):
    project = create_project(name="Shop")
    rotate_key(slug="shop")
    project.keys.update(is_active=False)
    assert "Rotate its key" in shown(project)


# ---------------------------------------------------------------- what is pasted is code


@pytest.mark.parametrize("dsn", [DSN, 'http://k@h/1"; import os #', "http://k@h/\\"])
def test_the_lines_for_python_are_python_whatever_the_address(dsn: str):
    called: dict[str, str] = {}
    code = snippets(dsn)[0].code.replace("import sentry_sdk", "")

    class Sdk:
        @staticmethod
        def init(**given: str) -> None:
            called.update(given)

    exec(code, {"sentry_sdk": Sdk})
    assert called == {"dsn": dsn, "release": "shop@1.4", "environment": "production"}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_lines_for_node_are_javascript():
    body = snippets(DSN)[1].code.partition("\n\n")[2]
    code = f"const Sentry = {{init: given => console.log(JSON.stringify(given))}};\n{body}"
    said = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(said.stdout) == {"dsn": DSN, "release": "shop@1.4", "environment": "production"}
