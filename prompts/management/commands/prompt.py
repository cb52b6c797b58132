"""`manage.py prompt save|list|show|activate|test|compare|regression`: prompts from a shell."""

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from config.arguments import offer, reads
from config.commandline.amounts import NOTHING, moment, percent
from config.commands import FINDINGS, OperationCommand, Whole, json_of, text_of
from prompts import comparison, execution, fields, lookup, prompts, regression, runs, testing, versions
from prompts.management.reporting import leave, offer_reports, write_reports
from prompts.models import Prompt, Run, RunResult
from prompts.serializers.comparison import ComparisonSerializer, ReportSerializer
from prompts.serializers.prompts import NewVersionSerializer, PromptSerializer, RenderSerializer, VersionSerializer
from prompts.serializers.runs import RunDetailSerializer, TestSerializer
from prompts.statistics import Verdict

SAVED = ("purpose", "notes", "variables", "branch", "activate")
HOW = ("concurrency", "repeats", "threshold", "reuse")
NUMBER = Whole(fields.FIRST_VERSION, fields.LAST_VERSION)


class Command(OperationCommand):
    help = "Save prompts in versions, activate one, test them with the model, compare them."
    examples = (
        (
            "prompt save greeting 'Greet {{ name }} in one sentence.' --purpose 'first line of a mail'",
            "its first version, or the next",
        ),
        ("prompt test greeting", "all test cases with the model; exit code 1 on a failed one"),
        ("prompt list", "all prompts; with a name the versions of one"),
        ("prompt show greeting 2", "the text of a version"),
        ("prompt activate greeting 2", "what programs get from now on"),
        ("prompt adopt greeting 3", "a version of a branch becomes the next of the line"),
        ("prompt compare greeting 1 2", "texts and results side by side"),
        ("prompt regression greeting", "how every version did"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        save = verbs.add_parser("save", help="save a version; the prompt is made when it is new")
        save.add_argument("prompt_id")
        save.add_argument("text", nargs="?", help="the template; - or nothing reads it from standard input")
        save.add_argument("--file", help="read the template from a file; a .json file holds messages")
        save.add_argument(
            "--settings", type=reads(NewVersionSerializer, "settings"), default={}, metavar="JSON", dest="parameters"
        )
        offer(save, NewVersionSerializer, only=SAVED)
        listing = verbs.add_parser("list", help="list prompts, or the versions of one")
        listing.add_argument("prompt_id", nargs="?")
        show = verbs.add_parser("show", help="show a version, by default the active one")
        show.add_argument("prompt_id")
        show.add_argument("number", nargs="?", type=NUMBER)
        offer(show, RenderSerializer, only=["label"])
        activate = verbs.add_parser("activate", help="make a version the active one")
        activate.add_argument("prompt_id")
        activate.add_argument("number", type=NUMBER)
        adopt = verbs.add_parser("adopt", help="make what a version of a branch says the next version of the line")
        adopt.add_argument("prompt_id")
        adopt.add_argument("number", type=NUMBER)
        test = verbs.add_parser("test", help="test a version with the model; exit 1 on a failed case or a regression")
        test.add_argument("prompt_id")
        test.add_argument("number", nargs="?", type=NUMBER, help="by default the active version")
        test.add_argument("--cases", metavar="FILE", help="JSON list of test cases instead of the stored ones")
        offer(test, TestSerializer, only=["model", *HOW])
        offer_reports(test)
        test.add_argument("--queue", action="store_true", help="leave it to a worker and print the run's id")
        compare = verbs.add_parser("compare", help="two versions side by side; exit 1 on a regression")
        compare.add_argument("prompt_id")
        compare.add_argument("before", type=NUMBER)
        compare.add_argument("after", type=NUMBER)
        report = verbs.add_parser("regression", help="how every version did; exit 1 on a regression")
        report.add_argument("prompt_id")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_save(self, options: dict[str, Any]) -> None:
        content = _content(options["text"], options["file"])
        said = {name: options[name] for name in SAVED if name in options}
        prompt_id, parameters = options["prompt_id"], options["parameters"]
        saved = versions.save_version(prompt_id=prompt_id, **content, settings=parameters, **said)
        self._show_saved(saved, options)

    def do_adopt(self, options: dict[str, Any]) -> None:
        saved = versions.adopt_version(prompt_id=options["prompt_id"], number=options["number"])
        self._show_saved(saved, options)

    def _show_saved(self, saved: versions.Saved, options: dict[str, Any]) -> None:
        if options["json"]:
            self.print_json(VersionSerializer(saved.version).data)
        else:
            said = "saved" if saved.created else "is there already"
            self.stdout.write(f"[OK] {saved.version} {said}, {saved.version.tokens} tokens")

    def do_list(self, options: dict[str, Any]) -> None:
        if options["prompt_id"]:
            found = prompts.get_prompt(prompt_id=options["prompt_id"]).versions.select_related("prompt").labelled()
            data = VersionSerializer(found, many=True).data
            names = ["version", "branch", "labels", "tokens", "passed", "created by", "purpose"]
            rows = [_version_row(row) for row in data]
        else:
            data = PromptSerializer(Prompt.objects.with_active_version(), many=True).data
            names = ["prompt", "active", "latest", "created"]
            rows = [_prompt_row(row) for row in data]
        self.print_json(data) if options["json"] else self.table(names, rows)

    def do_show(self, options: dict[str, Any]) -> None:
        prompt = prompts.get_prompt(prompt_id=options["prompt_id"])
        version = lookup.get_version(prompt=prompt, number=options["number"], label=options["label"])
        if options["json"]:
            self.print_json(VersionSerializer(version).data)
        else:
            self.stdout.write(version.text)

    def do_activate(self, options: dict[str, Any]) -> None:
        version = versions.activate_version(prompt_id=options["prompt_id"], number=options["number"])
        if options["json"]:
            self.print_json(VersionSerializer(version).data)
        else:
            self.stdout.write(f"[OK] {version} is active")

    def do_test(self, options: dict[str, Any]) -> None:
        run = testing.test_prompt_version(
            prompt_id=options["prompt_id"],
            number=options["number"],
            cases=json_of(text_of(options["cases"]), list) if options["cases"] else None,
            model=options["model"],
            **{name: options[name] for name in HOW},
            queued=options["queue"],
        )
        if options["queue"]:
            self.print_json({"id": run.uid}) if options["json"] else self.stdout.write(str(run.uid))
            return
        try:
            run = execution.execute_run(
                run_id=run.pk, progress=lambda done, total: self.progress(done, total, f"testing {run.version}")
            )
        except KeyboardInterrupt:
            runs.cancel_run(uid=str(run.uid))
            raise CommandError("Cancelled.") from None
        if options["json"]:
            self.print_json(RunDetailSerializer(run).data)
        else:
            self._show_run(run)
        write_reports(str(run.evaluation.uid), options["reports"])
        leave([run], options["fail_on"])

    def do_compare(self, options: dict[str, Any]) -> None:
        names = ("prompt_id", "before", "after")
        found = comparison.compare_versions(**{name: options[name] for name in names})
        if options["json"]:
            self.print_json(ComparisonSerializer(found).data)
        else:
            self.stdout.write(found.text_diff or "The texts are equal.")
            for change in found.settings_changes:
                self.stdout.write(f"{change.kind} {change.path}: {change.old!r} -> {change.new!r}")
            for side, results in ((found.before, found.results_before), (found.after, found.results_after)):
                self.stdout.write(f"{side}: {side.purpose or 'no purpose'}; {_results(results)}")
            self._show_verdict(found.verdict.call, found.verdict.note)
        self._leave(found.verdict)

    def do_regression(self, options: dict[str, Any]) -> None:
        report = regression.regression_report(prompt_id=options["prompt_id"])
        if options["json"]:
            self.print_json(ReportSerializer(report).data)
        else:
            rows = []
            for row in report.rows:
                rate = f"{row.run.passed}/{row.run.answered}{' ad-hoc' if row.run.ad_hoc else ''}" if row.run else "-"
                between = f"{row.interval[0]:.0%} to {row.interval[1]:.0%}" if row.interval else "-"
                active = "active" if row.version.is_active else ""
                rows.append([row.version.number, active, rate, between, row.against or "-", row.verdict.call])
            self.table(["version", "", "passed", "95 %", "against", "verdict"], rows)
            self._show_verdict(report.verdict.call, report.verdict.note)
        self._leave(report.verdict)

    def _show_run(self, run: Run) -> None:
        for result in run.results.exclude(outcome=RunResult.Outcome.PENDING):
            if result.outcome == RunResult.Outcome.ERROR and result.error == run.error:
                continue  # what ended the run is said at its end, once
            mark = "OK" if result.outcome == RunResult.Outcome.PASSED else "FAIL"
            why = "; ".join(check["detail"] for check in result.checks if not check["passed"]) or result.error
            self.stdout.write(f"[{mark}] {result.name}{why and ': '}{why}")
        if unanswered := run.total - run.answered:
            self.stdout.write(f"[SKIP] {unanswered} cases without an answer")
        self.stdout.write(
            f"{run.version} on {run.model}: {run.passed} of {run.total} passed{' (ad-hoc cases)' if run.ad_hoc else ''}"
        )
        if run.verdict:
            self._show_verdict(run.verdict["call"], run.verdict["note"])

    def _show_verdict(self, call: str, note: str) -> None:
        mark = {"regression": "FAIL", "not run": "SKIP", "too few cases": "WARN"}.get(call, "OK")
        self.stdout.write(f"[{mark}] {call}: {note}")

    def _leave(self, verdict: Verdict) -> None:
        if verdict.call == "regression" or verdict.blocked:
            raise SystemExit(FINDINGS)


def _prompt_row(row: Any) -> list[Any]:
    made = moment(parse_datetime(row["created_at"]))
    return [row["prompt_id"], row["active_version"] or NOTHING, row["latest_version"] or NOTHING, made]


def _version_row(row: Any) -> list[Any]:
    passed = percent((row["test_results"] or {}).get("success_rate"))
    held = ", ".join(row["labels"])
    return [row["version"], row["branch"], held, row["tokens"], passed, row["created_by"], row["purpose"]]


def _results(summary: dict[str, Any] | None) -> str:
    if not summary:
        return "not tested"
    return f"{summary['passed']} of {summary['total']} passed on {summary['model']}"


def _content(text: str | None, file: str | None) -> dict[str, Any]:
    if file:
        content = text_of(file)
        return {"messages": json_of(content, list)} if file.endswith(".json") else {"prompt_text": content}
    return {"prompt_text": sys.stdin.read() if text in {None, "-"} else text}
