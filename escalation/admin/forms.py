"""What a person types about a bug; each form's fields go to one operation, whose findings stand beside them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import forms

from config.errors import DomainError, FieldError
from config.pages.refusals import tell
from escalation import fields
from escalation.checking import Report
from escalation.models import Bug, Impact, LinkType, System

BY_COMMAS = "Separated by commas."
USUAL_MUTING = 24  # hours


class ReportForm(forms.ModelForm):
    """A new report."""

    deadline_hours = forms.FloatField(
        required=False, label="Deadline", help_text="Hours from now, more than 0. Empty: none."
    )
    frequency = forms.IntegerField(
        required=False,
        initial=1,
        min_value=1,
        max_value=fields.MOST_REPORTS,
        help_text="How many times it happened.",
    )
    bug_id = forms.CharField(
        required=False, max_length=fields.LONGEST_NAME, help_text="By default one made of the error."
    )
    user_impact = forms.ChoiceField(
        choices=[("", "---------"), *Impact.choices],
        help_text="High and critical bugs call for somebody: they begin as pending, others as acknowledged.",
    )
    tag_names = forms.CharField(required=False, label="Tags", help_text=BY_COMMAS)
    metadata = forms.JSONField(
        required=False,
        initial=dict,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text='What else is known, as JSON: {"release": "2026.11", "host": "web-3"}',
    )

    error_message = forms.CharField(
        max_length=fields.LONGEST_TEXT, strip=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    class Meta:
        model = Bug
        fields = [
            *("error_type", "error_message", "stack_trace", "user_impact", "deadline_hours", "tag_names"),
            *("frequency", "bug_id", "metadata"),
        ]
        widgets = {
            "stack_trace": forms.Textarea(attrs={"rows": 10}),
        }
        help_texts = {
            "error_type": "Its name, such as KeyError or DatabaseConnectionError.",
            "stack_trace": "As the program printed it: reports of one place in the code become one bug.",
        }

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            show(self, Report(**self.report()).problems())
        return self.cleaned_data

    def report(self) -> dict[str, Any]:
        """What the operation takes."""
        given = {name: self.cleaned_data[name] for name in self.Meta.fields if name != "tag_names"}
        empty: dict[str, Any] = {"stack_trace": None, "metadata": {}, "frequency": 1}  # what an empty field stands for
        given |= {name: given[name] or nothing for name, nothing in empty.items()}
        return given | {"tags": split_tags(self.cleaned_data["tag_names"])}

    def validate_unique(self) -> None:
        """A known bug is reported again, which is no mistake."""


class BugForm(forms.Form):
    """What a person knows better than the report."""

    user_impact = forms.ChoiceField(choices=Impact.choices, help_text="How much the users suffer; it weighs most.")
    tag_names = forms.CharField(required=False, label="Tags", help_text=BY_COMMAS)

    def clean_tag_names(self) -> list[str]:
        names = split_tags(self.cleaned_data["tag_names"])
        refuse(fields.check_tags("tag_names", names))
        return names


class AssignForm(forms.Form):
    assignee = forms.CharField(required=False, max_length=fields.LONGEST_NAME, help_text="A name. Empty: nobody's.")

    def clean_assignee(self) -> str:
        name: str = self.cleaned_data["assignee"]
        refuse(fields.check_name("assignee", name, blank=True))
        return name


class ResolveForm(forms.Form):
    resolution = forms.CharField(
        max_length=fields.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="How",
        help_text="What was wrong and what mended it: whoever meets it again reads this first.",
    )
    resolved_by = forms.CharField(
        required=False, max_length=fields.LONGEST_NAME, label="By whom", help_text="Empty: by you."
    )
    in_next_release = forms.BooleanField(
        required=False,
        label="In the next release",
        help_text="Reports of releases that are there already do not open it again.",
    )

    def clean_resolved_by(self) -> str:
        name: str = self.cleaned_data["resolved_by"]
        refuse(fields.check_name("resolved_by", name, blank=True))
        return name


class ReopenForm(forms.Form):
    reason = forms.CharField(
        required=False,
        max_length=fields.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Why",
        help_text="What shows that the resolution did not hold; it is kept in the trail.",
    )


class MuteForm(forms.Form):
    """It still counts and is weighed, and calls for nobody until the first of these."""

    hours = forms.FloatField(
        required=False,
        min_value=0.1,
        max_value=fields.FARTHEST_HOURS,
        initial=USUAL_MUTING,
        help_text="From now. It still counts and is weighed, and calls for nobody until the first of these.",
    )
    reports = forms.IntegerField(
        required=False, min_value=1, max_value=fields.MOST_REPORTS, help_text="Until so many more."
    )
    users = forms.IntegerField(
        required=False, min_value=1, max_value=fields.MOST_REPORTS, help_text="Until so many more met it."
    )
    escalating = forms.BooleanField(
        required=False, label="Until it escalates", help_text="More reports in an hour than the week before let expect."
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors and not any(self.cleaned_data.values()):
            raise forms.ValidationError("Say what ends it: hours, reports, users, or that it escalates.")
        return self.cleaned_data


class DeadlineForm(forms.Form):
    """Its bounds are those of the operation."""

    deadline_hours = forms.FloatField(
        required=False,
        label="Hours from now",
        help_text="More than 0; under 24 and under 4 it weighs more. Empty: takes the deadline away.",
    )

    def clean_deadline_hours(self) -> float | None:
        hours: float | None = self.cleaned_data["deadline_hours"]
        refuse(fields.check_hours("deadline_hours", hours))
        return hours


class TicketForm(forms.Form):
    system = forms.ChoiceField(choices=System.choices)
    ticket_id = forms.CharField(max_length=fields.LONGEST_NAME, label="Ticket", help_text="Such as shop/orders#412.")
    url = forms.CharField(
        required=False, max_length=fields.LONGEST_URL, label="Address", help_text="http:// or https://"
    )
    link_type = forms.ChoiceField(choices=LinkType.choices, initial=LinkType.RELATED)
    status = forms.CharField(required=False, max_length=50, help_text="As the other system calls it.")

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name, check in (("ticket_id", fields.check_name), ("url", fields.check_url)):
            if self.cleaned_data.get(name):
                show(self, check(name, self.cleaned_data[name]))
        return self.cleaned_data


def split_tags(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def show(form: forms.BaseForm, problems: Iterable[FieldError]) -> None:
    """The operation's own findings beside the form's fields."""
    named = [replace(wrong, field="tag_names" if wrong.field.startswith("tags") else wrong.field) for wrong in problems]
    if named:
        tell(form, DomainError("", errors=named))


def refuse(problems: Iterable[FieldError]) -> None:
    """Raises ValidationError when the operation would find anything."""
    if found := [problem.detail for problem in problems]:
        raise forms.ValidationError(found)
