"""`manage.py prompt evaluate`: several versions on several models, each case asked several times."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.arguments import given, offer, reads
from config.commandline.amounts import NOTHING, percent
from config.commands import OperationCommand, Whole
from prompts import evaluations, execution, fields, testing
from prompts.management.reporting import leave, offer_reports, write_reports
from prompts.models import Evaluation, Run
from prompts.serializers.evaluations import NewEvaluationSerializer, detail


class Command(OperationCommand):
    help = "Evaluate versions of a prompt on models; exit 1 where a case fails or a version is worse."
    examples = (
        ("prompt evaluate greeting 1 2 --repeats 3", "two versions, each case three times"),
        ("prompt evaluate greeting --model small --model large", "the active version on two models"),
        ("prompt evaluate greeting 1 2 --report junit.xml --fail-on regression", "for a CI"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prompt_id", type=reads(NewEvaluationSerializer, "prompt_id"))
        parser.add_argument("numbers", nargs="*", type=Whole(fields.FIRST_VERSION, fields.LAST_VERSION))
        offered = ["models", "concurrency", "repeats", "threshold", "reuse", "max_tokens", "max_cost_micros"]
        offer(parser, NewEvaluationSerializer, only=offered)
        offer_reports(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        said = given(options, NewEvaluationSerializer)
        budget = testing.Budget(max_tokens=said.pop("max_tokens"), max_cost_micros=said.pop("max_cost_micros"))
        made = testing.start_evaluation(**said, numbers=options["numbers"], budget=budget, queued=False)
        for run in made.runs.select_related("version__prompt").order_by("position"):
            self._work_off(run)
        done = evaluations.get_evaluation(uid=str(made.uid))
        self.print_json(detail(done)) if options["json"] else self._show(done)
        write_reports(str(made.uid), options["reports"])
        leave(done.in_order, options["fail_on"])

    def _work_off(self, run: Run) -> None:
        try:
            execution.execute_run(
                run_id=run.pk, progress=lambda done, total: self.progress(done, total, f"{run.version} on {run.model}")
            )
        except KeyboardInterrupt:
            evaluations.cancel_evaluation(uid=str(run.evaluation.uid))
            raise CommandError("Cancelled.") from None

    def _show(self, evaluation: Evaluation) -> None:
        runs = evaluation.in_order
        heads = ["case", *(f"{run.version.number} on {run.model}" for run in runs)]
        rows: list[list[Any]] = [
            [row.name, *(f"{cell.passed}/{cell.answered}" if cell else NOTHING for cell in row.cells)]
            for row in evaluations.matrix(evaluation)
        ]
        rows.append(["passed", *(percent(run.success_rate) for run in runs)])
        metrics = [{item.name: item for item in evaluations.measured(run)} for run in runs]
        for name in sorted({name for found in metrics for name in found}):
            told = [f"{found[name].passed}/{found[name].judged}" if name in found else NOTHING for found in metrics]
            rows.append([f"metric {name}", *told])
        rows.append(["verdict", *((run.verdict or {}).get("call", NOTHING) for run in runs)])
        self.table(heads, rows)
