"""What a person types of versions and cases; the operations' own rules are shown beside the fields."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms

from config.errors import DomainError
from config.pages.refusals import tell
from prompts import cases, composition, fields, model_settings
from prompts.admin import typed
from prompts.admin.rows import Column, Rows
from prompts.assertions.terms import Fault
from prompts.assertions.written import WANTED
from prompts.models import Prompt, TestCase, Version


class RowsField(forms.Field):
    """Rows as they were typed; the form makes of them what its operation takes."""

    def __init__(self, columns: Sequence[Column], **options: Any) -> None:
        super().__init__(required=False, widget=Rows(columns), **options)


class InputWidget(forms.MultiWidget):
    """A text, or variables by name."""

    template_name = "prompts/input.html"

    def __init__(self) -> None:
        text = forms.Textarea(attrs={"rows": 5, "aria-label": "Text"})
        super().__init__({"": text, "variable": Rows(typed.VARIABLES)})

    def decompress(self, value: Any) -> list[Any]:
        return [value if isinstance(value, str) else "", typed.input_rows(value)]


class InputField(forms.Field):
    widget = InputWidget

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data

    def clean(self, value: Any) -> tuple[str, list[dict[str, str]]]:
        text, rows = value
        return (text or "").replace("\r\n", "\n"), rows


class PromptField(forms.ModelChoiceField):
    """Which prompt it belongs to, by name."""

    def __init__(self) -> None:
        super().__init__(Prompt.objects.order_by("prompt_id"))


class CheckedForm(forms.ModelForm):
    """What its operation would refuse stands beside the field it is about."""

    def _check(self, what: Callable[[], object]) -> None:
        try:
            what()
        except DomainError as error:
            tell(self, error)


class VersionForm(CheckedForm):
    """The next version of a prompt."""

    prompt = PromptField()
    prompt_text = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14}),
        label="Text",
        help_text="What the model is asked; {{ input }} stands for what a case brings, any other {{ name }} likewise.",
    )
    messages = RowsField(typed.MESSAGES, help_text="Instead of a text: who says what, in order.")
    purpose = forms.CharField(
        required=False, max_length=fields.LONGEST_PURPOSE, widget=forms.TextInput, help_text="What it is for."
    )
    notes = forms.CharField(
        required=False,
        max_length=fields.LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What changed, and why.",
    )
    settings = RowsField(
        typed.SETTING_ROWS, help_text="What the model is asked with: temperature 0, max_tokens 200, ..."
    )
    branch = forms.CharField(
        required=False,
        max_length=fields.LONGEST_LABEL,
        help_text="Empty: the next version of the line. A word: a try beside it.",
    )
    activate = forms.BooleanField(
        required=False, label="Activate", help_text="Make it the version that programs fetch, at once."
    )

    class Meta:
        model = Version
        fields = ["prompt", "prompt_text", "messages", "purpose", "notes", "settings", "branch", "activate"]

    def clean_prompt_text(self) -> str | None:
        return str(self.cleaned_data["prompt_text"]).replace("\r\n", "\n") or None

    def clean_messages(self) -> list[dict[str, str]] | None:
        found: list[dict[str, str]] | None = read(lambda: typed.read_messages(self.cleaned_data["messages"]))
        return found

    def clean_settings(self) -> dict[str, Any]:
        found: dict[str, Any] = read(lambda: typed.read_settings(self.cleaned_data["settings"]))
        try:
            model_settings.check_settings(found)
        except DomainError as error:
            raise forms.ValidationError(error.detail) from error
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        text, messages = cleaned["prompt_text"], cleaned["messages"]
        if text is None and messages is None:
            self.add_error("prompt_text", "Write a text here, or messages instead of it.")
        elif text is not None and messages is not None:
            self.add_error("messages", "There is a text above, too. Keep one of the two.")
        else:
            self._check(lambda: composition.check_version(cleaned["prompt"].prompt_id, text, messages))
        return cleaned

    def _post_clean(self) -> None:
        """The model's own checks want the fields the operation computes."""


class TestCaseForm(CheckedForm):
    """A case as a person types it."""

    __test__ = False
    prompt = PromptField()
    name = forms.CharField(max_length=cases.LONGEST_NAME, help_text="What it tries, in a few words; verdicts name it.")
    type = forms.CharField(max_length=50, initial="general", help_text="A word to group cases by.")
    input = InputField(help_text="What the prompt is asked with, as plain text.")
    expected_output = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="The whole answer, but for blanks at its ends. Leave it empty where checks say what counts.",
    )
    assertions = RowsField(typed.ASSERTIONS, label="Checks")
    threshold = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        help_text="The weighted share of checks that is enough, 0 to 1. Empty: every check must hold.",
    )

    must_pass = forms.BooleanField(
        required=False, help_text="A version that fails it takes no protected label, whatever the statistics say."
    )

    class Meta:
        model = TestCase
        fields = ["prompt", "name", "type", "input", "expected_output", "assertions", "threshold", "must_pass"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        case = self.instance
        self.kinds = WANTED
        self.initial["assertions"] = typed.assertion_rows(case.assertions)
        prompt = case.prompt if case.prompt_id else prompt_of(self.initial.get("prompt"))
        given = case.input if case.pk else ""
        names = variables_of(prompt) if prompt else ()
        rows = typed.input_rows(given, () if given else names)
        self.initial["input"] = [given if isinstance(given, str) else "", rows]
        if names and names != ["input"]:
            self.fields["input"].help_text = f"The prompt asks for {', '.join(names)}."

    def clean_input(self) -> str | dict[str, Any]:
        text, rows = self.cleaned_data["input"]
        found: str | dict[str, Any] = read(lambda: typed.read_input(text, rows, kept=self.instance.input))
        return found

    def clean_expected_output(self) -> str | None:
        return str(self.cleaned_data["expected_output"]).replace("\r\n", "\n") or None

    def clean_assertions(self) -> list[Any]:
        rows = self.cleaned_data["assertions"]
        found: list[Any] = read(lambda: typed.read_assertions(rows, kept=self.instance.assertions))
        return found

    def definition(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in self.Meta.fields if name != "prompt"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        if cleaned["expected_output"] is None and not cleaned["assertions"]:
            said = "Say what must come back: the whole answer here, or a check below. Else no answer could fail."
            self.add_error("expected_output", said)
        else:
            self._check(lambda: cases.check_definition(self.definition()))
        return cleaned

    def _post_clean(self) -> None:
        """The operation has checked it; the instance stays what it was, to be told from what was typed."""


def prompt_of(given: object) -> Prompt | None:
    """The prompt whose key an address has; None where it has none that could be."""
    key = str(given or "")
    return Prompt.objects.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 19 else None


def variables_of(prompt: Prompt) -> list[str]:
    version = version_of(prompt)
    return list(version.variables.names) if version else []


def version_of(prompt: Prompt) -> Version | None:
    """What programs fetch, or the newest where none is active."""
    return prompt.versions.active().first() or prompt.versions.first()


def read(what: Any) -> Any:
    """Raises ValidationError for what cannot be read as it was typed."""
    try:
        return what()
    except Fault as fault:
        raise forms.ValidationError(str(fault)) from fault
