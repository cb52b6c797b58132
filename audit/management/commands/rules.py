"""`manage.py rules ...`: permission rules from a shell."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit import limits
from audit.models import PermissionRule
from audit.permissions import decisions, formats, held, kept, store
from audit.permissions.calls import Call, canonical_tool
from audit.permissions.latitude.commands import EXAMPLES, LatitudeVerbs
from audit.permissions.latitude.serializers import ExplainSerializer
from audit.permissions.matching import check
from audit.permissions.rules import InvalidRule, parse_rule
from audit.permissions.serializers import CallSerializer, RuleSerializer
from audit.verdicts import VERDICTS
from config.arguments import offer
from config.commands import FINDINGS, Whole, json_of, text_of

RULE_FIELDS = ("reason", "agent", "match", "not_match")


class Command(LatitudeVerbs):
    help = "List, add, remove, import, export, check and try permission rules."
    examples = (
        ("rules add deny 'Bash(git push --force *)' --reason 'Ask first.'", "keep a rule"),
        ("rules decide 'git push --force origin main'", "what the rules say of a command; nothing is recorded"),
        ("rules list --decision deny", "all that is denied"),
        ("rules remove 01a22a2d-afa6-7024-adeb-0f895a2145d4", "by the uid that `rules list` shows"),
        ("rules defaults", "where no packs decide, the rules that shipped before them"),
        ("rules import .claude/settings.json --replace", "take over the rules of a project of Claude Code"),
        ("rules check rules.yaml", "are they valid? Nothing is kept"),
        ("rules export --format claude", "for the settings of an agent"),
        ("rules dry-run rules.yaml --add", "which past decisions these would have changed"),
        ("rules compile", "after the database was replaced by hand"),
        *EXAMPLES,
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="the rules there are")
        listing.add_argument("--decision", choices=VERDICTS)
        add = verbs.add_parser("add", help="keep a rule: rules add deny 'Bash(git push --force *)'")
        add.add_argument("decision", choices=VERDICTS)
        add.add_argument("rule", help="Tool or Tool(specifier)")
        offer(add, RuleSerializer, only=RULE_FIELDS)
        remove = verbs.add_parser("remove", help="remove a rule")
        remove.add_argument("uid")
        verbs.add_parser("defaults", help="keep the shipped rules that are not there yet")
        for name, text in (
            ("import", "keep the rules of a file"),
            ("check", "say what is wrong with the rules of a file"),
        ):
            verb = verbs.add_parser(name, help=text)
            verb.add_argument("file", help="a Claude Code settings file, Codex rules, YAML lists, or - for stdin")
            verb.add_argument("--format", choices=formats.FORMATS, help="by default told from the file")
            verb.add_argument("--agent", default="", help="for this agent only")
        verbs.choices["import"].add_argument(
            "--replace", action="store_true", help="remove what earlier files of this format brought and this does not"
        )
        export = verbs.add_parser("export", help="write the rules as a file of another program")
        export.add_argument("--format", choices=formats.FORMATS, default="claude")
        export.add_argument("--agent", default="", help="with the rules for this agent")
        for name, text in (
            ("decide", "what the rules say of a tool call, without recording it"),
            ("explain", "why they say it: every rule that has a say, and what to do instead"),
        ):
            asking = verbs.add_parser(name, help=text)
            asking.add_argument("input", help="a command; for another tool its path, address or JSON input")
            asking.add_argument("--tool", default="Bash")
            offer(asking, CallSerializer, only=["agent"])
            asking.add_argument("--cwd", default=str(Path.cwd()))
        offer(verbs.choices["explain"], ExplainSerializer, only=["mode"])
        self.add_latitude(verbs)
        again = verbs.add_parser("dry-run", help="what a file of rules would have changed in recorded decisions")
        again.add_argument("file")
        again.add_argument("--format", choices=formats.FORMATS)
        again.add_argument("--agent", default="")
        again.add_argument("--add", action="store_true", help="beside today's rules, not instead of them")
        again.add_argument("--limit", type=Whole(1, limits.MOST_REPLAYED), default=limits.USUALLY_REPLAYED)
        verbs.add_parser("compile", help="write the rules for hooks that answer without Django")

    def handle(self, *args: Any, **options: Any) -> None:
        verbs: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self.list_rules,
            "add": self.add,
            "remove": self.remove,
            "defaults": self.defaults,
            "import": self.read_file,
            "check": self.check_file,
            "export": self.write_file,
            "decide": self.decide,
            "explain": lambda options: self.explain_call(_call(options), options),
            "dry-run": self.dry_run,
            "compile": self.compile_rules,
            **self.latitude(),
        }
        verbs[options["verb"]](options)

    def list_rules(self, options: dict[str, Any]) -> None:
        rows = PermissionRule.objects.all()
        if options["decision"]:
            rows = rows.filter(decision=options["decision"])
        if options["json"]:
            self.print_json(RuleSerializer(rows, many=True).data)
            return
        lines = [
            [row.decision, row.text, row.agent or "every", "on" if row.is_enabled else "off", row.uid, row.reason]
            for row in rows
        ]
        self.table(["decision", "rule", "agent", "state", "uid", "reason"], lines)

    def add(self, options: dict[str, Any]) -> None:
        tool, specifier = _parse(options["rule"])
        row = store.create_rule(
            tool=tool,
            specifier=specifier,
            decision=options["decision"],
            **{name: options[name] for name in RULE_FIELDS if name in options},
        )
        self.stdout.write(f"[OK] {row}, uid {row.uid}")

    def remove(self, options: dict[str, Any]) -> None:
        row = store.find_rule(uid=options["uid"])
        store.delete_rule(uid=str(row.uid))
        self.stdout.write(f"[OK] removed {row}")

    def defaults(self, options: dict[str, Any]) -> None:
        done = store.load_defaults()
        self.stdout.write(f"[OK] {len(done.created)} rules loaded, {done.known} were there already")

    def read_file(self, options: dict[str, Any]) -> None:
        found, form = _read(options)
        done = store.import_rules(rules=found.rules, source=form, replace_source=options["replace"])
        self._notes(found.notes)
        self.stdout.write(f"[OK] {len(done.created)} rules imported, {done.known} were there already")
        if done.removed:
            self.stdout.write(f"[OK] {done.removed} rules removed")

    def check_file(self, options: dict[str, Any]) -> None:
        found, form = _read(options)
        wrong = []
        for rule in found.rules:
            try:
                check(rule)
            except InvalidRule as error:
                wrong.append(f"{rule.decision} {rule.text}: {error.detail}")
        self._notes(found.notes)
        for line in wrong:
            self.stdout.write(f"[FAIL] {line}")
        self.stdout.write(f"{len(found.rules) - len(wrong)} of {len(found.rules)} {form} rules are valid")
        if wrong or found.notes:
            sys.exit(FINDINGS)

    def write_file(self, options: dict[str, Any]) -> None:
        done = formats.write(held.load_rules(), options["format"], options["agent"])
        self._notes(done.notes)
        self.stdout.write(done.text, ending="")

    def decide(self, options: dict[str, Any]) -> None:
        decision = kept.bounds().decide(_call(options))
        if options["json"]:
            self.print_json(decision.as_dict())
        else:
            left = " (left to the agent's own permissions)" if decision.is_left else ""
            self.stdout.write(f"{decision.decision}{left}: {decision.reason}")
            for item in decision.judgements:
                shown = item.as_dict()
                self.stdout.write(f"  {shown['decision']:<8}{shown['kind']:<8}{shown['text']}  {shown['rule'] or ''}")
        if decision.decision != "allow":
            sys.exit(FINDINGS)

    def dry_run(self, options: dict[str, Any]) -> None:
        found, _ = _read(options)
        self._notes(found.notes)
        for index, rule in enumerate(found.rules):
            store.checked(rule, f"rules[{index}].")
        if options["add"]:
            again = decisions.replay(add=found.rules, limit=options["limit"])
        else:
            again = decisions.replay(rules=found.rules, limit=options["limit"])
        if options["json"]:
            self.print_json({"total": again.total, "same": again.same, "changed": again.changed})
            return
        for item in again.changed:
            before, after = item["before"]["decision"], item["after"]["decision"]
            self.stdout.write(f"{before} -> {after}  {item['part']}  {item['after']['reason']}")
        self.stdout.write(f"{len(again.changed)} of {again.total} decisions would change")

    def compile_rules(self, options: dict[str, Any]) -> None:
        store.compile_rules()
        self.stdout.write(f"[OK] recorded {decisions.ingest()} decisions of hooks and wrote the rules for the next")

    def _notes(self, notes: list[str]) -> None:
        for note in notes:
            self.stderr.write(f"[WARN] {note}")


def _parse(text: str) -> tuple[str, str]:
    try:
        return parse_rule(text)
    except InvalidRule as error:
        raise store.RuleRefused(error) from error


def _read(options: dict[str, Any]) -> tuple[formats.Read, formats.Format]:
    name = options["file"]
    text = text_of(name)
    form = options["format"] or formats.guess(name, text)
    try:
        return formats.read(text, form, options["agent"]), form
    except formats.Unreadable as error:
        raise CommandError(str(error), returncode=2) from error


def _call(options: dict[str, Any]) -> Call:
    tool, text = canonical_tool(options["tool"]), options["input"]
    if text.lstrip().startswith("{"):
        given = json_of(text)
    else:
        name = {"Bash": "command", "WebFetch": "url", "SQL": "sql"}.get(tool, "file_path")
        given = {name: text}
    home = str(Path.home())
    return Call(tool=tool, input=given, agent=options["agent"], cwd=options["cwd"], home=home, local=True)
