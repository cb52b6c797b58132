"""Projects and their keys."""

from urllib.parse import urlsplit

import pytest
from django.core.management import call_command

from audit.models import Event
from escalation.fields import InvalidBug
from escalation.models import Bug, Project
from escalation.projects import (
    ProjectExists,
    ProjectNotFound,
    create_project,
    find_project,
    list_projects,
    rotate_key,
    update_project,
)
from tests.escalation.ingestion.sending import counted, error
from tests.escalation.makers import reported

pytestmark = pytest.mark.django_db


def test_a_project_has_a_number_and_a_dsn_an_sdk_can_use():
    project = create_project(name="Web Shop")
    dsn = urlsplit(project.dsn)
    assert (project.slug, dsn.path, len(dsn.username or "")) == ("web-shop", f"/{project.id}", 32)
    assert isinstance(project.id, int)


def test_the_trail_tells_of_a_project_but_not_its_key():
    project = create_project(name="Shop")
    [told] = Event.objects.of("project", "shop")
    assert told.event_type == "project.created"
    assert project.keys.get().public_key not in str(told.new_value)


def test_a_slug_is_taken_once():
    create_project(name="Shop")
    with pytest.raises(ProjectExists):
        create_project(name="shop")
    assert Project.objects.filter(slug="shop").count() == 1


@pytest.mark.parametrize("slug", ["-a", "a-", "A", "a b", "17", "a" * 65])
def test_a_slug_that_no_path_could_hold_is_refused(slug: str):
    with pytest.raises(InvalidBug):
        create_project(name="Shop", slug=slug)


def test_a_project_is_found_by_its_slug_and_by_its_number():
    project = create_project(name="Shop")
    assert find_project(slug="shop") == find_project(slug=str(project.id)) == project
    with pytest.raises(ProjectNotFound):
        find_project(slug="other")


def test_a_new_key_is_in_the_dsn_and_the_old_one_reports_until_it_is_taken_out_of_use():
    project = create_project(name="Shop")
    old = project.keys.get()
    assert old.public_key not in rotate_key(slug="shop").dsn
    old.refresh_from_db()
    assert old.is_active
    rotate_key(slug="shop", keep_old=False)
    old.refresh_from_db()
    assert not old.is_active


def test_projects_are_listed_with_their_keys(django_assert_num_queries):
    made = [create_project(name=name) for name in ("Shop", "Blog")]
    with django_assert_num_queries(2):
        dsns = {project.slug: project.dsn for project in list_projects() if project in made}
    assert dsns == {project.slug: project.dsn for project in made}


def test_a_command_makes_a_project_lists_it_and_gives_it_another_key(capsys):
    call_command("escalation", "project", "Shop")
    call_command("escalation", "projects")
    made, *table = capsys.readouterr().out.splitlines()
    assert made.startswith("[OK] shop: http://")
    assert made.split()[-1] in "".join(table)
    call_command("escalation", "rotate-key", "shop")
    assert capsys.readouterr().out.split()[-1] not in made


def test_bugs_of_other_doors_belong_to_the_default_project():
    assert reported().project.slug == "default"


def test_rest_makes_a_project_and_lists_bugs_by_its_number_or_slug(client, django_user_model):
    from config.keys import create_key

    user = django_user_model.objects.create_superuser("ann")
    _, raw = create_key(name="ann", scope="write", user=user)
    headers = {"Authorization": f"Bearer {raw}"}
    made = client.post("/api/v1/escalation/projects", {"name": "Shop"}, "application/json", headers=headers)
    assert (made.status_code, set(made.json())) == (
        201,
        {"id", "name", "slug", "dsn", "per_minute", "rule", "created_at"},
    )
    reported()
    counted(Project.objects.get(slug="shop").keys.get(), error())
    for project in (made.json()["id"], "shop"):
        found = client.get(f"/api/v1/escalation/bugs?project={project}", headers=headers).json()["results"]
        assert [bug["bug_id"] for bug in found] == [Bug.objects.get(project__slug="shop").bug_id]
    assert client.get("/api/v1/escalation/projects/shop", headers=headers).json() == made.json()
    rotated = client.post("/api/v1/escalation/projects/shop/rotate-key", {}, "application/json", headers=headers)
    assert rotated.json()["dsn"] != made.json()["dsn"]


def test_a_project_is_called_something_else_and_may_send_more():
    create_project(name="Shop")
    changed = update_project(slug="shop", name="Web shop", per_minute=9000)
    assert (changed.name, changed.per_minute, changed.slug) == ("Web shop", 9000, "shop")
    told = Event.objects.of("project", "shop").order_by("id").last()
    assert (told.event_type, told.old_value["per_minute"], told.new_value["per_minute"]) == (
        "project.updated",
        3000,
        9000,
    )
    update_project(slug="shop", name="Web shop")
    assert Event.objects.of("project", "shop").count() == 2


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "a\nb"}, {"per_minute": 0}, {"per_minute": 10**9}])
def test_a_change_no_project_can_hold_is_refused(wrong: dict[str, object]):
    create_project(name="Shop")
    with pytest.raises(InvalidBug):
        update_project(slug="shop", **wrong)


def test_a_rotated_key_keeps_what_the_project_may_send():
    create_project(name="Shop")
    update_project(slug="shop", per_minute=9000)
    assert rotate_key(slug="shop").per_minute == 9000
