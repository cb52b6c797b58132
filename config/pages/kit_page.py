"""Every part of the kit on one page, for whoever builds pages; there only while DEBUG is on."""

from datetime import timedelta
from functools import wraps

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString

from config.pages import kit
from config.pages.charts import Point, Series
from config.pages.kit.marks import TONES
from config.pages.views import View, only_read


def only_with_debug(view: View) -> View:
    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        if not settings.DEBUG:
            raise Http404
        return view(request)

    return checked


class SampleForm(forms.Form):
    name = forms.CharField(help_text="What a field expects stands under it.")
    choice = forms.ChoiceField(choices=[("a", "This"), ("b", "That")])
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(required=False, label="A box to check")


@only_with_debug
@only_read
@staff_member_required
def page(request: HttpRequest) -> HttpResponseBase:
    form = SampleForm({"name": "", "choice": "a"})
    form.is_valid()
    context = {**admin.site.each_context(request), "title": "The kit", "parts": _parts(), "form": form}
    return render(request, "config/kit.html", context)


def _parts() -> list[tuple[str, str, list[SafeString]]]:
    """Each part: its name, how it is written, and what that gives."""
    now = timezone.now()
    value = {"tool": "Bash", "input": {"command": "ls -la", "timeout": 30}, "tags": ["a", "b"], "note": "x" * 200}
    old, new = {"status": "pending", "tags": ["a"]}, {"status": "resolved", "tags": ["a"], "by": "dana"}
    steps = [
        kit.Step(at=now - timedelta(minutes=5), what="bug.resolved", who="dana", tone="good"),
        kit.Step(at=now - timedelta(hours=3), what="bug.reported", who="claude", tone="bad", detail="KeyError"),
    ]
    days = [(f"May {day}", float(day * day % 7)) for day in range(1, 15)]
    parts = [Point(label, value, parts=(value - 1, 1)) for label, value in days if value]
    made_of = [Series("allowed", "good"), Series("denied", "bad")]
    return [
        (
            "badge",
            "badge(text, tone)",
            [*(kit.badge(tone, tone) for tone in TONES), kit.badge("running", "info", underway=True)],
        ),
        ("moment", "moment(value, exact=False)", [kit.moment(now), kit.moment(now, exact=True), kit.moment(None)]),
        ("facts", "facts(pairs)", [kit.facts([("Name", "ci"), ("Made", now), ("Live", True), ("Note", None)])]),
        ("tree", "tree(value)", [kit.tree(value)]),
        ("code", 'code(text, language="")', [kit.code("python manage.py up", "sh")]),
        ("changes", "changes(old, new)", [kit.changes(old, new)]),
        ("words", "words(old, new)", [kit.words("Answer in French, briefly.", "Answer in German, and briefly.")]),
        ("timeline", "timeline(steps)", [kit.timeline(steps)]),
        ("empty", 'empty(text, words="")', [kit.empty("No bug was reported yet.", "demo")]),
        (
            "chart",
            'chart(title, kind, points, unit="", series=())',
            [
                kit.chart("Bars", "bar", days[:4]),
                kit.chart("Line", "line", days),
                kit.chart("Parts", "columns", parts, "", made_of),
            ],
        ),
    ]
