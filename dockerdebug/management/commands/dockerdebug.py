from itertools import groupby
from typing import Any

from django.core.management.base import CommandParser

from config.arguments import offer
from config.commands import FINDINGS, OperationCommand
from dockerdebug.checks import CHECKS
from dockerdebug.diagnoses import diagnose
from dockerdebug.findings import RULES
from dockerdebug.models import Diagnosis
from dockerdebug.serializers import DiagnosisSerializer, NewDiagnosisSerializer

MARKS = {"passed": "[OK]", "failed": "[FAIL]", "not_run": "[SKIP]"}
SEVERITIES = {"error": "[FAIL]", "warning": "[WARN]", "info": "[INFO]"}


class Command(OperationCommand):
    help = "Diagnose the Python environment of a container, or of this machine. Exit code 1 when something is wrong."
    examples = (
        ("dockerdebug shop-web-1", "examine a running container"),
        ("dockerdebug --check pip_config", "one check, of this machine"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        offer(parser, NewDiagnosisSerializer, first=["container"])
        parser.add_argument("--list", action="store_true", help="List the checks and findings there are, and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list(as_json=options["json"])
            return
        diagnosis = diagnose(container=options["container"], check=options["check"])
        if options["json"]:
            self.print_json(DiagnosisSerializer(diagnosis).data)
        else:
            self._print(diagnosis)
        if diagnosis.status != Diagnosis.Status.FINISHED:
            raise SystemExit(2)
        if diagnosis.has_faults:
            raise SystemExit(FINDINGS)

    def _print(self, diagnosis: Diagnosis) -> None:
        self.stdout.write(f"{diagnosis.target}" + (f" ({diagnosis.image})" if diagnosis.image else ""))
        alike = groupby(diagnosis.checks, key=lambda check: (check["status"], check["result"]))
        for (status, result), checks in alike:  # an engine that is not there is no news for each check anew
            self.stdout.write(f"{MARKS[status]:7}{', '.join(check['name'] for check in checks)}: {result}")
        for finding in diagnosis.findings:
            self.stdout.write(f"\n{SEVERITIES[finding['severity']]:7}{finding['key']}")
            for name in ("evidence", "cause", "fix", "verify"):
                self.stdout.write(f"       {name:9}{finding[name]}")
        self.stdout.write(f"\n{diagnosis.summary}")

    def _list(self, *, as_json: bool) -> None:
        rules = [(rule.key, rule.severity, rule.check, rule.title) for rule in RULES.values()]
        if as_json:
            names = ("key", "severity", "check", "description")
            self.print_json(
                {
                    "checks": [{"name": name, "description": check.title} for name, check in CHECKS.items()],
                    "findings": [dict(zip(names, rule, strict=True)) for rule in rules],
                }
            )
            return
        self.table(("check", "what it reads"), [(name, check.title) for name, check in CHECKS.items()])
        self.stdout.write("")
        self.table(("finding", "severity", "check", "meaning"), rules)
