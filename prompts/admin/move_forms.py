"""What a person is asked when a button is pressed: how a version is tested, which label it takes."""

from django import forms

from prompts import fields
from prompts.cases import LONGEST_NAME, MAX_TEXT
from prompts.models import PRODUCTION, Prompt
from prompts.testing import MAX_CONCURRENCY, MAX_REPEATS


class DescribeForm(forms.Form):
    description = forms.CharField(
        required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3}), help_text="What it is for."
    )
    folder = forms.CharField(required=False, max_length=fields.LONGEST_FOLDER, help_text="Such as support/triage.")
    tags = forms.CharField(required=False, help_text="Words to find it by, with commas between them.")

    def clean_tags(self) -> list[str]:
        return [word.strip() for word in self.cleaned_data["tags"].split(",") if word.strip()]


class LabelForm(forms.Form):
    """Which label a version shall hold."""

    label = forms.CharField(
        max_length=fields.LONGEST_LABEL, help_text="Such as staging; production is what programs fetch."
    )
    protected = forms.NullBooleanField(
        required=False, help_text="Whether it moves only through the gate from now on. Unknown: as it is."
    )


class ApproveForm(forms.Form):
    """A second person's word."""

    label = forms.CharField(max_length=fields.LONGEST_LABEL, initial=PRODUCTION)
    reason = forms.CharField(
        max_length=fields.LONGEST_PURPOSE, widget=forms.Textarea(attrs={"rows": 3}), help_text="The trail keeps it."
    )


class TestForm(forms.Form):
    """How a version is tested."""

    __test__ = False
    model = forms.CharField(
        required=False,
        max_length=fields.LONGEST_MODEL,
        help_text="Empty: the version's own, else the one the service asks by default.",
    )
    concurrency = forms.IntegerField(
        required=False,
        initial=fields.USUAL_CONCURRENCY,
        min_value=1,
        max_value=MAX_CONCURRENCY,
        label="At once",
        help_text="How many cases are asked at the same time.",
    )

    repeats = forms.IntegerField(
        required=False, initial=1, min_value=1, max_value=MAX_REPEATS, help_text="How often each case is asked."
    )
    threshold = forms.FloatField(
        required=False, initial=1.0, min_value=0.01, max_value=1, help_text="The share of its repeats a case must pass."
    )

    reuse = forms.BooleanField(
        required=False, label="Reuse answers", help_text="Ask only what was never asked of this version and model."
    )

    def clean_repeats(self) -> int:
        return self.cleaned_data["repeats"] or 1

    def clean_threshold(self) -> float:
        return self.cleaned_data["threshold"] or 1.0

    def clean_concurrency(self) -> int:
        return self.cleaned_data["concurrency"] or fields.USUAL_CONCURRENCY


class PromptTestForm(TestForm):
    """Which version, too."""

    number = forms.IntegerField(
        required=False,
        min_value=fields.FIRST_VERSION,
        max_value=fields.LAST_VERSION,
        label="Version",
        help_text="Empty: the active one, or the newest where none is.",
    )
    field_order = ["number", "model", "concurrency", "repeats", "threshold", "reuse"]


class KeepResultForm(forms.Form):
    """Which answer of a run, and what should have come back."""

    position = forms.IntegerField(min_value=1, max_value=2**31 - 1, label="Result", help_text="Its number.")
    repeat = forms.IntegerField(
        required=False,
        initial=1,
        min_value=1,
        max_value=MAX_REPEATS,
        help_text="Which answer, where it was asked often.",
    )
    name = forms.CharField(required=False, max_length=LONGEST_NAME, help_text="Empty: as it was asked.")
    expected_output = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The whole answer that should have come. Empty: it is judged as it was here.",
    )

    def clean_repeat(self) -> int:
        return self.cleaned_data["repeat"] or 1

    def clean_expected_output(self) -> str | None:
        return str(self.cleaned_data["expected_output"]).replace("\r\n", "\n") or None


def described(prompt: Prompt) -> dict[str, str]:
    """What DescribeForm begins with."""
    return {"description": prompt.description, "folder": prompt.folder, "tags": ", ".join(prompt.tags)}
