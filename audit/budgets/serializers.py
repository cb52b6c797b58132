"""The shape of budgets in JSON."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from audit.budgets.keeping import MOST, spent_now
from audit.models import Budget
from audit.models.budgets import LONGEST_PERSON
from audit.permissions.latitude.serializers import for_agent, in_project
from config.rest.views import StrictModelSerializer, StrictSerializer


class SpentSerializer(StrictSerializer):
    """What was taken; of money what is known of it."""

    cost_micros = serializers.IntegerField()
    tokens = serializers.IntegerField()


class BudgetSerializer(StrictModelSerializer):
    """The most that sessions may take."""

    period = serializers.ChoiceField(
        Budget.Period.values,
        help_text="day: all they take from midnight to midnight, UTC; session: what each takes by itself.",
    )
    agent, project = for_agent(), in_project()
    person = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=LONGEST_PERSON,
        help_text="Of this key or person; empty for everybody together.",
    )
    most_cost_micros = serializers.IntegerField(
        default=None, allow_null=True, min_value=0, max_value=MOST, help_text="Micro-dollars; null for any."
    )
    most_tokens = serializers.IntegerField(
        default=None, allow_null=True, min_value=0, max_value=MOST, help_text="Read, written, cached; null for any."
    )
    denies = serializers.BooleanField(default=False, help_text="Deny calls of tools once it is passed.")
    spent_today = serializers.SerializerMethodField(help_text="null where it is each session's.")

    class Meta:
        model = Budget
        fields = [
            *("uid", "period", "agent", "project", "person", "most_cost_micros", "most_tokens", "denies"),
            *("spent_today", "created_at"),
        ]
        read_only_fields = ["uid", "created_at"]
        validators: list[object] = []

    @extend_schema_field(SpentSerializer(allow_null=True))
    def get_spent_today(self, row: Budget) -> Any:
        spent = spent_now(row)
        return None if spent is None else SpentSerializer(spent).data
