"""The pages of prompts, their versions, cases and runs."""

from prompts.admin.cases import TestCaseAdmin
from prompts.admin.endpoints import EndpointAdmin, EndpointForm
from prompts.admin.evaluations import EvaluationAdmin
from prompts.admin.forms import TestCaseForm, VersionForm
from prompts.admin.labels import LabelAdmin
from prompts.admin.memories import CorrectForm, MemoryAdmin, MemoryForm
from prompts.admin.prompts import PromptAdmin
from prompts.admin.runs import RunAdmin
from prompts.admin.versions import VersionAdmin

__all__ = [
    "CorrectForm",
    "EndpointAdmin",
    "EndpointForm",
    "EvaluationAdmin",
    "LabelAdmin",
    "MemoryAdmin",
    "MemoryForm",
    "PromptAdmin",
    "RunAdmin",
    "TestCaseAdmin",
    "TestCaseForm",
    "VersionAdmin",
    "VersionForm",
]
