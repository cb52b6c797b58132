"""Infrastructure and its tags, which go with either side."""

import pytest

from audit.models import Event
from config.errors import DomainError
from dockerdebug.infrastructure import (
    InfrastructureExists,
    InfrastructureMissing,
    TagMissing,
    add_infrastructure,
    change_infrastructure,
    find_infrastructure,
    remove_infrastructure,
    remove_tag,
)
from dockerdebug.models import Infrastructure, InfrastructureTag, Tag

pytestmark = pytest.mark.django_db


def test_tags_are_set_replaced_and_shared() -> None:
    one = add_infrastructure(name="api", tags=["prod", "python", "prod"])
    two = add_infrastructure(name="worker", tags=["prod"])
    assert one.tag_names == ["prod", "python"]
    assert change_infrastructure(infrastructure_id=one.pk, tags=["staging"]).tag_names == ["staging"]
    assert two.tag_names == ["prod"]
    assert change_infrastructure(infrastructure_id=one.pk, description="web").tag_names == ["staging"]


def test_a_tag_goes_with_either_side() -> None:
    one = add_infrastructure(name="api", tags=["prod"])
    add_infrastructure(name="worker", tags=["prod"])
    remove_infrastructure(infrastructure_id=one.pk)
    assert InfrastructureTag.objects.count() == 1
    assert remove_tag(name="prod") == 1
    assert not InfrastructureTag.objects.exists()
    assert not Tag.objects.exists()
    assert Infrastructure.objects.get().tag_names == []


def test_every_change_is_in_the_trail() -> None:
    made = add_infrastructure(name="api", kind="host", tags=["prod"])
    change_infrastructure(infrastructure_id=made.pk, kind="container", tags=[])
    remove_infrastructure(infrastructure_id=made.pk)
    added, changed, removed = Event.objects.of("infrastructure", str(made.pk)).order_by("id")
    assert added.new_value == {"name": "api", "kind": "host", "description": "", "tags": ["prod"]}
    assert changed.new_value["tags"] == []
    assert removed.event_type == "infrastructure.removed"
    remove_tag(name="prod")
    assert Event.objects.filter(event_type="infrastructure_tag.removed").count() == 1


def test_a_name_is_given_once() -> None:
    add_infrastructure(name="api")
    other = add_infrastructure(name="worker")
    with pytest.raises(InfrastructureExists):
        add_infrastructure(name="api")
    with pytest.raises(InfrastructureExists):
        change_infrastructure(infrastructure_id=other.pk, name="api")


@pytest.mark.parametrize("tag", ["", " ", "a" * 65, "a,b", "a\nb"])
def test_what_is_no_tag_is_refused_by_its_place(tag: str) -> None:
    with pytest.raises(DomainError) as caught:
        add_infrastructure(name="api", tags=["good", tag])
    assert caught.value.errors[0].field == "tags[1]"
    assert not Infrastructure.objects.exists()


def test_what_does_not_exist() -> None:
    with pytest.raises(InfrastructureMissing):
        change_infrastructure(infrastructure_id="nonsense", name="x")
    with pytest.raises(InfrastructureMissing):
        find_infrastructure(infrastructure_id="01a1fe10-3774-73fd-a919-c343cd32b1b4")
    with pytest.raises(TagMissing):
        remove_tag(name="none")
