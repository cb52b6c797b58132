"""The pages of prompts, their versions, cases and runs."""

from prompts.admin.cases import TestCaseAdmin
from prompts.admin.forms import DescribeForm, PromptTestForm, TestCaseForm, TestForm, VersionForm
from prompts.admin.prompts import PromptAdmin
from prompts.admin.runs import RunAdmin
from prompts.admin.versions import VersionAdmin

__all__ = [
    "DescribeForm",
    "PromptAdmin",
    "PromptTestForm",
    "RunAdmin",
    "TestCaseAdmin",
    "TestCaseForm",
    "TestForm",
    "VersionAdmin",
    "VersionForm",
]
