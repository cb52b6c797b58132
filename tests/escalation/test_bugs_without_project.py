"""Bugs of before there were projects join one of their own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from escalation.models import Bug, HourlyCount, Project
from tests.escalation.makers import reported

NOW = datetime(2026, 11, 30, 10, 5, tzinfo=UTC)
BEFORE = ("escalation", "0005_means_from_indexes")


@pytest.fixture
def newest(transactional_db: None) -> Iterator[list[tuple[str, str]]]:
    leaves = [key for key in MigrationExecutor(connection).loader.graph.leaf_nodes() if key[0] == "escalation"]
    yield leaves
    MigrationExecutor(connection).migrate(leaves)


def test_they_join_the_default_project_which_looks_for_their_old_names_too(newest: list[tuple[str, str]]) -> None:
    names = [reported(error_type=name).bug_id for name in ("KeyError", "ValueError")]
    MigrationExecutor(connection).migrate([BEFORE])
    MigrationExecutor(connection).migrate(newest)
    assert {bug.bug_id: bug.project.slug for bug in Bug.objects.all()} == dict.fromkeys(names, "default")
    project = Project.objects.get()
    assert (project.rule, project.rule_before) == (2, 1)


def test_their_kept_reports_are_counted_by_the_hour(newest: list[tuple[str, str]]) -> None:
    for moment in (NOW, NOW + timedelta(minutes=10), NOW + timedelta(hours=3)):
        with time_machine.travel(moment, tick=False):
            bug = reported()
    MigrationExecutor(connection).migrate([BEFORE])
    MigrationExecutor(connection).migrate(newest)
    counts = HourlyCount.objects.filter(bug=bug.pk).order_by("hour").values_list("hour", "count")
    hour = NOW.replace(minute=0)
    assert list(counts) == [(hour, 2), (hour + timedelta(hours=3), 1)]


def test_where_there_were_none_no_old_names_are_looked_for(newest: list[tuple[str, str]]) -> None:
    MigrationExecutor(connection).migrate([BEFORE])
    MigrationExecutor(connection).migrate(newest)
    assert Project.objects.get().rule_before is None
