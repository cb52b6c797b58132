"""The alert rules for Prometheus in docs/ ask for figures that there are."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client

RULES = Path(settings.BASE_DIR) / "docs" / "prometheus-alerts.yml"
pytestmark = pytest.mark.django_db


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def test_every_figure_that_a_rule_asks_for_is_told(admin_client: Client) -> None:
    told = admin_client.get("/metrics").content.decode()
    known = {line.split()[2] for line in told.splitlines() if line.startswith("# TYPE ")}
    # Told only once there is a backup; audit's own tests hold its name.
    known.add("handrail_audit_last_backup_timestamp_seconds")
    asked = {name for rule in rules() for name in re.findall(r"handrail_\w+", rule["expr"])}
    assert asked <= known | {f"{name}_total" for name in known}


def test_every_rule_says_what_is_wrong_and_how_bad_it_is() -> None:
    for rule in rules():
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"].endswith(".")
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
