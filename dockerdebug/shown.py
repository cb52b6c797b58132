"""A diagnosis as a person reads it: the finding that matters first, with what mends it, and what passed folded away."""

from typing import Any
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.pages import kit
from config.pages.kit.marks import Tone
from config.pages.manual.rendering import place_of
from dockerdebug.insights import insights_for
from dockerdebug.models import Diagnosis, Insight

SEVERITY_TONES: dict[str, Tone] = {"error": "bad", "warning": "wait", "info": "info", "none": "good"}
STATUS_TONES: dict[str, Tone] = {"pending": "quiet", "running": "wait", "finished": "good", "failed": "bad"}
CHECK_TONES: dict[str, Tone] = {"passed": "good", "failed": "bad", "not_run": "quiet"}
CONFIDENCE_TONES: dict[str, Tone] = {"confirmed": "good", "likely": "info", "suspected": "quiet"}


def state(diagnosis: Diagnosis) -> SafeString:
    return kit.badge(diagnosis.status, STATUS_TONES[diagnosis.status], underway=not diagnosis.is_over)


def outcome(status: str, worst: str) -> SafeString:
    """In one word: how it ended, or what was found."""
    if status != Diagnosis.Status.FINISHED:
        return kit.badge(status, STATUS_TONES[status], underway=status != Diagnosis.Status.FAILED)
    return kit.badge("nothing found" if worst == Diagnosis.Severity.NONE else worst, SEVERITY_TONES[worst])


def worst(diagnosis: Diagnosis) -> SafeString:
    """The likely root in words, as far as it is known."""
    if not diagnosis.findings:
        healthy = diagnosis.status == Diagnosis.Status.FINISHED and not diagnosis.failed
        return kit.badge("nothing found", "good") if healthy else format_html("{}", diagnosis.summary or "-")
    first = diagnosis.findings[0]
    return format_html("{} {}", kit.badge(first["severity"], SEVERITY_TONES[first["severity"]]), first["cause"])


def about(diagnosis: Diagnosis) -> SafeString:
    """What was looked at, by whom and when."""
    took = "" if diagnosis.duration_seconds is None else f"{diagnosis.duration_seconds:.2f} s"
    told = [
        ("Container", diagnosis.target),
        ("Image", diagnosis.image),
        ("Image id", diagnosis.image_id),
        ("Looked at", diagnosis.only_check or "everything"),
        ("Asked by", diagnosis.created_by),
        ("When", kit.moment(diagnosis.created_at)),
        ("Took", took),
    ]
    return kit.facts([(name, value) for name, value in told if value])


def findings(diagnosis: Diagnosis) -> SafeString:
    shown = [_finding(finding, diagnosis) for finding in diagnosis.findings]
    return render_to_string("dockerdebug/findings.html", {"findings": shown, "diagnosis": diagnosis})


def _finding(finding: dict[str, Any], diagnosis: Diagnosis) -> dict[str, Any]:
    severity = finding["severity"]
    return {
        **finding,
        "tone": SEVERITY_TONES[severity],
        "badge": kit.badge(severity, SEVERITY_TONES[severity]),
        "explained": place_of("docs/dockerdebug.md", "every-finding"),
        "mend": _advice(finding["fix"]),
        "prove": _advice(finding["verify"]),
        "keep": _keep(finding, diagnosis),
    }


def _advice(text: str) -> SafeString:
    """A sentence that names commands, or what is to be copied as it is."""
    return kit.prose(text) if "`" in text else kit.code(text)


def _keep(finding: dict[str, Any], diagnosis: Diagnosis) -> str:
    """The form for an insight, filled with what the finding knows."""
    known = {
        "about": diagnosis.target,
        "finding_key": finding["key"],
        "category": _CATEGORIES.get(finding["check"], Insight.Category.OTHER),
        "text": finding["cause"],
    }
    return f"{reverse('admin:dockerdebug_insight_add')}?{urlencode(known)}"


_CATEGORIES = {
    "python_version": Insight.Category.VERSION_LIMITATIONS,
    "installed_packages": Insight.Category.DEPENDENCIES,
    "environment_variables": Insight.Category.SERVICE_CONFIGURATION,
    "pip_config": Insight.Category.SERVICE_CONFIGURATION,
}


def checks(diagnosis: Diagnosis) -> SafeString:
    """What did not pass open, what passed folded."""
    shown = [
        {**check, "badge": kit.badge(check["status"].replace("_", " "), CHECK_TONES[check["status"]]),
         "seen": kit.tree(check["details"])}
        for check in diagnosis.checks
    ]  # fmt: skip
    groups = {
        "open": [check for check in shown if check["status"] != "passed"],
        "passed": [check for check in shown if check["status"] == "passed"],
    }
    return render_to_string("dockerdebug/checks.html", {**groups, "diagnosis": diagnosis})


def insights(known: list[Insight]) -> SafeString:
    shown = [
        {
            "insight": insight,
            "url": reverse("admin:dockerdebug_insight_change", args=[insight.pk]),
            "badge": kit.badge(insight.confidence, CONFIDENCE_TONES[insight.confidence]),
            "when": kit.moment(insight.updated_at),
        }
        for insight in known
    ]
    return render_to_string("dockerdebug/insights.html", {"insights": shown})


def insights_beside(diagnosis: Diagnosis) -> SafeString:
    return insights(insights_for(diagnosis))


def diagnoses(rows: list[Diagnosis]) -> SafeString:
    """Diagnoses of one container, newest first."""
    shown = [
        {
            "url": reverse("admin:dockerdebug_diagnosis_change", args=[row.pk]),
            "state": state(row),
            "worst": worst(row),
            "when": kit.moment(row.created_at),
        }
        for row in rows
    ]
    return render_to_string("dockerdebug/diagnoses.html", {"diagnoses": shown})
