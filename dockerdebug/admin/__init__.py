"""What a person sees and does in the admin: diagnoses, insights, infrastructure and tags."""

from dockerdebug.admin.diagnoses import DiagnosisAdmin, DiagnosisForm
from dockerdebug.admin.infrastructure import InfrastructureAdmin, InfrastructureForm, TagAdmin
from dockerdebug.admin.insights import InsightAdmin, InsightForm

__all__ = [
    "DiagnosisAdmin",
    "DiagnosisForm",
    "InfrastructureAdmin",
    "InfrastructureForm",
    "InsightAdmin",
    "InsightForm",
    "TagAdmin",
]
