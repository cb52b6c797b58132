"""Prompts of files, in JSON."""

from typing import Any

from rest_framework import serializers

from config.rest.views import QuerySerializer, StrictSerializer
from prompts import fields as limits
from prompts.cases import LONGEST_NAME, MAX_TEXT
from prompts.exchange import READABLE, WRITABLE
from prompts.exchange.importing import Imported
from prompts.exchange.terms import MAX_FILES
from prompts.models import PRODUCTION
from prompts.testing import MAX_REPEATS


class FileSerializer(StrictSerializer):
    path = serializers.CharField(max_length=limits.LONGEST_ADDRESS, help_text="Below the folder, with / between.")
    text = serializers.CharField(allow_blank=True, trim_whitespace=False)


class ImportSerializer(StrictSerializer):
    """Files of a folder, or a single one. Every prompt in them is saved, or none."""

    files = FileSerializer(many=True, min_length=1, max_length=MAX_FILES)  # type: ignore[call-arg]
    format = serializers.ChoiceField(
        READABLE,
        required=False,
        allow_null=True,
        default=None,
        source="form",
        help_text="By default the files tell it.",
    )
    activate = serializers.BooleanField(
        required=False, default=False, help_text="Make the versions those that programs fetch."
    )


class ImportedSerializer(StrictSerializer):
    saved = serializers.ListField(child=serializers.CharField(), help_text="Versions that are new.")
    known = serializers.ListField(child=serializers.CharField(), help_text="Versions that were there already.")
    cases = serializers.IntegerField(help_text="Test cases in the files; one of a name that is there is replaced.")
    left = serializers.ListField(child=serializers.CharField(), help_text="What of the files has no place here.")


class ExportQuery(QuerySerializer):
    format = serializers.ChoiceField(WRITABLE, help_text="Whose files they are.")
    prompt_id = serializers.CharField(
        required=False, max_length=limits.LONGEST_PROMPT_ID, help_text="One prompt; by default every one."
    )
    label = serializers.CharField(  # type: ignore[assignment]
        required=False,
        default=PRODUCTION,
        max_length=limits.LONGEST_LABEL,
        help_text="Of each prompt the version that holds it.",
    )


class ExportedSerializer(StrictSerializer):
    files = FileSerializer(many=True)
    left = serializers.ListField(child=serializers.CharField(), help_text="What the format cannot say.")


class CaseFileSerializer(StrictSerializer):
    """CSV with a column for each variable and `__expected`, or JSON with a case a line."""

    file = FileSerializer()


class CasesImportedSerializer(StrictSerializer):
    cases = serializers.ListField(child=serializers.CharField(), help_text="The names of those that were kept.")
    left = serializers.ListField(child=serializers.CharField(), help_text="What of the file has no place here.")


class CasesExportQuery(QuerySerializer):
    format = serializers.ChoiceField(["jsonl", "csv"], default="jsonl")


class CasesExportedSerializer(StrictSerializer):
    text = serializers.CharField(help_text="The file.")
    count = serializers.IntegerField()
    left = serializers.ListField(child=serializers.CharField(), help_text="What the format cannot say.")


class KeepResultSerializer(StrictSerializer):
    """Which answer of a run; what should have come back, where it is not judged as it was."""

    position = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    repeat = serializers.IntegerField(required=False, default=1, min_value=1, max_value=MAX_REPEATS)
    name = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=LONGEST_NAME, help_text="By default as it was asked."
    )
    expected_output = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        default=None,
        trim_whitespace=False,
        max_length=MAX_TEXT,
        help_text="Instead of what it was judged by.",
    )


def told(done: Imported) -> dict[str, Any]:
    """What an import did."""
    by_news = {
        news: [str(saved.version) for saved in done.saved if saved.created == is_new]
        for news, is_new in (("saved", True), ("known", False))
    }
    return {**by_news, "cases": done.cases, "left": done.left}
