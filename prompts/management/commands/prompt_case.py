"""`manage.py prompt case NAME`: what a prompt is tested with."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from config.arguments import offer, reads
from config.commands import OperationCommand, text_of
from prompts import cases, prompts
from prompts.exchange import File, moving_cases
from prompts.serializers.runs import TestCaseSerializer

SAID = ("type", "threshold", "must_pass")
SHORT = ("equals", "contains", "regex")
"""Assertions that people type as options of their own."""
IMPORT, EXPORT = "import", "export"


class Command(OperationCommand):
    help = "List the test cases of a prompt, keep one, read and write files of them."
    examples = (
        ("prompt case greeting", "the cases there are"),
        (
            'prompt case greeting polite --input \'{"name": "Mona"}\' --contains Mona --regex "^Good (day|night)"',
            "keep one",
        ),
        ("prompt case import cases.csv greeting", "keep those of a file: CSV as promptfoo has it, or JSON a line"),
        ("prompt case export cases.jsonl greeting", "write them to one; - is standard output"),
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prompt_id", help="a prompt; or import or export, then FILE and a prompt")
        parser.add_argument("name", nargs="?", help="of the case; or a FILE")
        parser.add_argument("of", nargs="?", metavar="PROMPT", help="the prompt of a FILE, by default named as it is")
        parser.add_argument("--input", help="a text, or a JSON object of variables")
        expected = reads(TestCaseSerializer, "expected_output")
        parser.add_argument("--expected", type=expected, help="what the whole output must be")
        for kind in SHORT:
            parser.add_argument(f"--{kind}", action="append", default=[], metavar="TEXT", help=f"an assertion {kind}")
        offer(parser, TestCaseSerializer, only=["assertions", *SAID])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["prompt_id"] in {IMPORT, EXPORT} and options["name"]:
            self._move_file(options)
        elif options["of"]:
            raise CommandError("Give one prompt and one name of a case.")
        elif options["name"] is None:
            self._list(options)
        else:
            self._create(options)

    def _list(self, options: dict[str, Any]) -> None:
        found = prompts.get_prompt(prompt_id=options["prompt_id"]).test_cases.order_by("pk")
        data = TestCaseSerializer(found, many=True).data
        rows = [[row["name"], row["type"], json.dumps(row["input"], ensure_ascii=False)[:60]] for row in data]
        self.print_json(data) if options["json"] else self.table(["name", "type", "input"], rows)

    def _create(self, options: dict[str, Any]) -> None:
        if options["input"] is None:
            raise CommandError("Give --input: a text, or a JSON object of variables.")
        short = [{"type": kind, "value": value} for kind in SHORT for value in options[kind]]
        listed = [*(options.get("assertions") or []), *short]
        case = cases.create_test_case(
            prompt_id=options["prompt_id"],
            name=options["name"],
            input=_input(options["input"]),
            expected_output=options["expected"],
            assertions=listed,
            **{name: options[name] for name in SAID if name in options},
        )
        if options["json"]:
            self.print_json(TestCaseSerializer(case).data)
        else:
            self.stdout.write(f"[OK] {case} is kept")

    def _move_file(self, options: dict[str, Any]) -> None:
        path = Path(options["name"])
        prompt_id = options["of"] or path.stem
        if options["prompt_id"] == IMPORT:
            done = moving_cases.import_cases(prompt_id=prompt_id, file=File(path=path.name, text=text_of(str(path))))
            count, left = len(done.cases), done.left
        else:
            found = moving_cases.export_cases(prompt_id=prompt_id, as_csv=path.suffix == ".csv")
            count, left = found.count, found.left
            self._write(path, found.text)
        if options["json"]:
            self.print_json({"prompt_id": prompt_id, "cases": count, "left": left})
        elif str(path) != "-":
            verb = "kept" if options["prompt_id"] == IMPORT else f"in {path}"
            self.stdout.write(f"[OK] {count} test cases of {prompt_id} are {verb}")
        for line in [] if options["json"] else left:
            self.stderr.write(f"[WARN] {line}")

    def _write(self, path: Path, text: str) -> None:
        if str(path) == "-":
            self.stdout.write(text, ending="")
            return
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"Cannot write {path}: {error.strerror}.") from error


def _input(text: str) -> Any:
    """A JSON object is variables, anything else is the text itself."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) else text
