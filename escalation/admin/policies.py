"""Policies, and how far each run of one is."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin import ReadOnlyAdmin, ToolAdmin
from config.pages import kit
from escalation.admin.channels import FIRST_CHANNEL
from escalation.admin.rows import RowsField
from escalation.calling.steps import LONGEST_DELAY, MOST_REPEATS
from escalation.models import Escalation, EscalationState, Policy, Priority, Project
from escalation.models.escalations import urgent
from escalation.oncall.reaching import known_names
from escalation.policies import policies

_STEP = '{"delay_minutes": 0, "targets": [{"channel": "ops-mail"}]}'
_KINDS = {"channel": "Channels", "person": "People", "team": "Teams", "schedule": "On call by schedule"}
_QUIET = '{"from": "22:00", "until": "07:00", "timezone": "Europe/Berlin", "except": ["critical"]}'


class StepForm(forms.Form):
    """After how long, and whom."""

    title = "Step"
    delay_minutes = forms.IntegerField(
        min_value=0, max_value=LONGEST_DELAY, required=False, label="Minutes after the one before"
    )
    targets = forms.MultipleChoiceField(required=False, label="Calls")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = known_names()
        self.fields["targets"].choices = [  # type: ignore[attr-defined]
            (label, [(f"{kind}:{name}", name) for name in sorted(known[kind])]) for kind, label in _KINDS.items()
        ]

    def clean(self) -> dict[str, Any]:
        if self.has_changed() and not self.cleaned_data.get("targets"):
            self.add_error("targets", "Choose whom it calls, or leave the row empty.")
        return self.cleaned_data

    def item(self) -> dict[str, Any]:
        chosen = (target.partition(":") for target in self.cleaned_data["targets"])
        targets = [{kind: name} for kind, _, name in chosen]
        return {"delay_minutes": self.cleaned_data["delay_minutes"] or 0, "targets": targets}

    @staticmethod
    def fill(item: Mapping[str, Any]) -> dict[str, Any]:
        targets = [f"{kind}:{name}" for target in item["targets"] for kind, name in target.items()]
        return {"delay_minutes": item["delay_minutes"], "targets": targets}


class PolicyForm(forms.ModelForm):
    """Whom bugs call, and when."""

    steps = RowsField(StepForm, help_text="In order; rows that are left empty do not count.")
    project_slugs = forms.ModelMultipleChoiceField(
        Project.objects.all(), to_field_name="slug", required=False, label="Projects", help_text="None: for all."
    )
    priorities = forms.MultipleChoiceField(choices=Priority.choices, initial=urgent)
    repeat = forms.IntegerField(min_value=0, max_value=MOST_REPEATS, initial=0)
    renotify_minutes = forms.IntegerField(min_value=1, max_value=LONGEST_DELAY, required=False)
    ack_timeout_minutes = forms.IntegerField(min_value=1, max_value=LONGEST_DELAY, required=False)
    quiet = forms.JSONField(
        required=False,
        label="Quiet hours",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=f"In which it waits, as JSON, such as {_QUIET}",
    )
    position = forms.IntegerField(min_value=0, max_value=32767, initial=100)

    class Meta:
        model = Policy
        fields = [
            *("name", "steps", "project_slugs", "priorities", "repeat", "renotify_minutes", "ack_timeout_minutes"),
            *("quiet", "position", "is_active"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("repeat", "renotify_minutes", "ack_timeout_minutes", "position"):
            self.fields[name].help_text = getattr(Policy._meta.get_field(name), "help_text", "")
        if self.instance.pk and "project_slugs" in self.fields:
            self.fields["project_slugs"].initial = list(self.instance.projects.all())


@admin.register(Policy)
class PolicyAdmin(ToolAdmin):
    about = "Whom a bug calls that waits for somebody, after how long, and how often again until a person takes notice."
    empty_text = "Nobody is called for a bug yet. Add a channel first, then say when it is used:"
    empty_command = f"{FIRST_CHANNEL}\npolicies add day-and-night --step '{_STEP}'"
    trail_of = ("policy", "name")
    form = PolicyForm
    list_display = ["name", "position", "is_on", "for_what", "step_count", "running"]
    list_filter = ["is_active"]
    search_fields = ["name"]

    class Media:
        css = {"all": ["escalation/pages.css"]}

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Policy]":
        rows: QuerySet[Policy] = super().get_queryset(request)
        return rows.prefetch_related("projects")

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        return ["name"] if obj else []

    def save_model(self, request: HttpRequest, obj: Policy, form: PolicyForm, change: bool) -> None:
        said = {name: value for name, value in form.cleaned_data.items() if name not in {"name", "project_slugs"}}
        said["projects"] = [project.slug for project in form.cleaned_data["project_slugs"]]
        if change:
            policies.change_policy(name=obj.name, **said)
        else:
            obj.pk = policies.add_policy(name=form.cleaned_data["name"], **said).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The operation has set the projects."""

    def delete_model(self, request: HttpRequest, obj: Policy) -> None:
        policies.remove_policy(name=obj.name)

    @admin.display(description="on", ordering="is_active")
    def is_on(self, policy: Policy) -> SafeString:
        return kit.badge("on", "good") if policy.is_active else kit.badge("off", "quiet")

    @admin.display(description="for bugs")
    def for_what(self, policy: Policy) -> str:
        projects = ", ".join(project.slug for project in policy.projects.all()) or "all projects"
        return f"{', '.join(policy.priorities)} of {projects}"

    @admin.display(description="steps")
    def step_count(self, policy: Policy) -> int:
        return len(policy.steps)

    @admin.display(description="running")
    def running(self, policy: Policy) -> int:
        return policy.escalations.running().count()


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    about = "Each time a policy ran for a bug: how far it is, and how it ended."
    empty_text = "No policy has run yet. One begins when a bug of its priorities waits for somebody."
    empty_command = "policies list"
    list_display = ["bug", "policy", "how_far", "next_step", "due_at", "began_at", "ended_because"]
    list_filter = ["state", "policy"]
    list_select_related = ["bug", "policy"]
    search_fields = ["=bug__bug_id"]
    search_help_text = "A bug's id, exactly."
    sections: ClassVar = [
        (
            "The run",
            [("bug", "policy"), ("how_far", "next_step"), ("began_at", "due_at"), ("held_by", "ended_because")],
        ),
        ("What it follows", ["followed"]),
    ]

    @admin.display(description="state", ordering="state")
    def how_far(self, run: Escalation) -> SafeString:
        running = run.state == EscalationState.RUNNING
        return kit.badge(run.state, "wait" if running else "quiet", underway=running)

    @admin.display(description="next step")
    def next_step(self, run: Escalation) -> str:
        return f"{run.step + 1} of {len(run.rules['steps'])}, round {run.round + 1}" if run.due_at else "-"

    @admin.display(description="policy as it was")
    def followed(self, run: Escalation) -> SafeString:
        return kit.tree(run.rules)
