"""Bugs that were named by a rule of grouping that is no longer in force: found again, and remembered by their new key.

The id of a bug nobody named is made of its fingerprint, so a changed rule would make every bug anew. While its project
is in transition the old rule is asked too, for errors alone that the new one does not know.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from escalation.checking import CheckedReport, bug_id_of
from escalation.grouping.fingerprint import Fingerprint
from escalation.grouping.rule_1 import fingerprint as rule_1
from escalation.models import Bug, Group, Project


def older_names(unknown: Sequence[CheckedReport], now: datetime) -> Mapping[str, str]:
    """For ids that are made of errors and not known, the id of the bug there is."""
    unnamed = {report.bug_id: report for report in unknown if not report.named}
    if not unnamed:
        return {}
    project = Project.objects.default()
    names = _remembered(project, unnamed)
    if not project.in_transition(at=now):
        return names
    found = _by_rule_1(project, {name: report for name, report in unnamed.items() if name not in names})
    Group.objects.bulk_create(
        [
            Group(project=project, bug=bug, key=unnamed[name].fingerprint.key, made_at=now)
            for name, bug in found.items()
        ],
        ignore_conflicts=True,
    )
    return names | {name: bug.bug_id for name, bug in found.items()}


def _remembered(project: Project, unnamed: Mapping[str, CheckedReport]) -> dict[str, str]:
    keys = {report.fingerprint.key: name for name, report in unnamed.items()}
    groups = Group.objects.filter(project=project, key__in=keys)
    return {keys[key]: bug_id for key, bug_id in groups.values_list("key", "bug__bug_id")}


def _by_rule_1(project: Project, unnamed: Mapping[str, CheckedReport]) -> dict[str, Bug]:
    then = {name: _named_by_rule_1(report) for name, report in unnamed.items()}
    bugs = {bug.bug_id: bug for bug in Bug.objects.filter(project=project, bug_id__in=then.values())}
    return {name: bugs[old] for name, old in then.items() if old in bugs}


def _named_by_rule_1(report: CheckedReport) -> str:
    found = rule_1.compute_fingerprint(
        error_type=report.error_type, error_message=report.error_message, stack_trace=report.stack_trace
    )
    return bug_id_of(report.error_type, Fingerprint(key=found.key, parts=found.parts))
