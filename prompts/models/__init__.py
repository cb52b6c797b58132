"""Prompts, their versions and labels, their cases and the runs of those, and the texts that compression
keeps, and memories.
"""

from prompts.models.cases import DEFINITION, TestCase
from prompts.models.compressions import Compression
from prompts.models.endpoints import Api, Endpoint
from prompts.models.memories import Memory, MemoryQuerySet
from prompts.models.prompts import (
    FOLDER,
    LABEL,
    LABEL_RULE,
    LATEST,
    PRODUCTION,
    PROMPT_ID,
    PROMPT_ID_RULE,
    TAG,
    Label,
    LabelApproval,
    Prompt,
    PromptQuerySet,
    PromptTag,
    Version,
    VersionPart,
    VersionQuerySet,
)
from prompts.models.runs import Evaluation, Run, RunQuerySet, RunResult

__all__ = [
    "DEFINITION",
    "FOLDER",
    "LABEL",
    "LABEL_RULE",
    "LATEST",
    "PRODUCTION",
    "PROMPT_ID",
    "PROMPT_ID_RULE",
    "TAG",
    "Api",
    "Compression",
    "Endpoint",
    "Evaluation",
    "Label",
    "LabelApproval",
    "Memory",
    "MemoryQuerySet",
    "Prompt",
    "PromptQuerySet",
    "PromptTag",
    "Run",
    "RunQuerySet",
    "RunResult",
    "TestCase",
    "Version",
    "VersionPart",
    "VersionQuerySet",
]
