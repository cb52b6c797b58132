"""The verbs of `manage.py rules` about postures, exceptions and explanations."""

from collections.abc import Callable
from typing import Any

from audit.models import PermissionException, PermissionOnce, PermissionPosture
from audit.permissions import decisions, once
from audit.permissions.calls import Call
from audit.permissions.latitude import choosing, excepting, explaining
from audit.permissions.latitude.serializers import (
    AllowanceSerializer,
    ExceptionSerializer,
    ExplainSerializer,
    PostureSerializer,
)
from config.arguments import given, offer
from config.commands import OperationCommand

EXAMPLES = (
    ("rules explain 'git reset --hard'", "every rule that has a say, and what to do instead"),
    ("rules posture balanced", "let the packs decide, and leave what no rule speaks of to the agents"),
    ("rules posture strict --agent codex --project /srv/shop", "ask more, of one agent in one project"),
    ("rules postures", "how much is answered, and for whom"),
    ("rules forget-posture 01a22a2d-afa6-7024-adeb-0f895a2145d4", "by the uid that `rules postures` shows"),
    ("rules except git.reset --project /srv/shop --until 2027-01-31", "a rule that does not hold there for a while"),
    ("rules allow-once 1a2b3c4d", "the call whose refusal has this code, exactly as it was, within a day"),
    ("rules allowances", "what may run once, and what has"),
    ("rules withdraw 01a22a2d-afa6-7024-adeb-0f895a2145d4", "by the uid that `rules allowances` shows"),
    ("rules exceptions", "what does not hold, and for whom"),
    ("rules end-exception 01a22a2d-afa6-7024-adeb-0f895a2145d4", "by the uid that `rules exceptions` shows"),
)


class LatitudeVerbs(OperationCommand):
    """What `rules` says of all that is set beside the rules."""

    def add_latitude(self, verbs: Any) -> None:
        posture = verbs.add_parser("posture", help="how much is answered: strict, balanced or open")
        offer(posture, PostureSerializer, first=["posture"])
        verbs.add_parser("postures", help="the postures there are")
        verbs.add_parser("forget-posture", help="let what is chosen more widely hold").add_argument("uid")
        exception = verbs.add_parser("except", help="let a rule or a pack not hold for somebody")
        offer(exception, ExceptionSerializer, first=["rule_id"])
        allowance = verbs.add_parser(
            "allow-once", help="let a call that was refused run once, by the code in its refusal"
        )
        offer(allowance, AllowanceSerializer, first=["code"])
        verbs.add_parser("allowances", help="what may run once, and what has")
        verbs.add_parser("withdraw", help="let what was allowed once be refused again").add_argument("uid")
        verbs.add_parser("exceptions", help="the exceptions there are")
        verbs.add_parser("end-exception", help="let the rule hold again").add_argument("uid")

    def latitude(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        return {
            "posture": self.choose_posture,
            "postures": self.list_postures,
            "forget-posture": self.forget_posture,
            "except": self.except_rule,
            "exceptions": self.list_exceptions,
            "allow-once": self.allow_once,
            "allowances": self.list_allowances,
            "withdraw": self.withdraw,
            "end-exception": self.end_exception,
        }

    def choose_posture(self, options: dict[str, Any]) -> None:
        row = choosing.choose_posture(**given(options, PostureSerializer))
        self.stdout.write(f"[OK] {row}, uid {row.uid}")

    def list_postures(self, options: dict[str, Any]) -> None:
        rows = PermissionPosture.objects.all()
        if options["json"]:
            self.print_json(PostureSerializer(rows, many=True).data)
            return
        lines = [[row.posture, row.agent or "every", row.project or "every", row.uid] for row in rows]
        self.table(["posture", "agent", "project", "uid"], lines)
        self.stdout.write(choosing.standing())

    def forget_posture(self, options: dict[str, Any]) -> None:
        choosing.forget_posture(uid=options["uid"])
        self.stdout.write(f"[OK] forgotten; {choosing.standing()}")

    def except_rule(self, options: dict[str, Any]) -> None:
        row = excepting.except_rule(**given(options, ExceptionSerializer))
        until = f" until {row.until:%Y-%m-%d %H:%M} UTC" if row.until else ""
        self.stdout.write(f"[OK] {row}{until}, uid {row.uid}")

    def list_exceptions(self, options: dict[str, Any]) -> None:
        rows = PermissionException.objects.all()
        if options["json"]:
            self.print_json(ExceptionSerializer(rows, many=True).data)
            return
        lines = [
            [row.rule_id, row.agent or "every", row.project or "every", _until(row), row.uid, row.reason]
            for row in rows
        ]
        self.table(["rule", "agent", "project", "until", "uid", "reason"], lines)

    def end_exception(self, options: dict[str, Any]) -> None:
        excepting.end_exception(uid=options["uid"])
        self.stdout.write("[OK] the rule holds again")

    def allow_once(self, options: dict[str, Any]) -> None:
        decisions.ingest()  # what a hook of this machine refused a moment ago
        row = once.allow_once(**given(options, AllowanceSerializer))
        place = f" in {row.project}" if row.project else ""
        self.stdout.write(f"[OK] until {row.until:%Y-%m-%d %H:%M} UTC this may run once{place}, uid {row.uid}:")
        self.stdout.write(row.told)

    def list_allowances(self, options: dict[str, Any]) -> None:
        rows = PermissionOnce.objects.all()
        if options["json"]:
            self.print_json(AllowanceSerializer(rows, many=True).data)
            return
        lines = [
            [
                row.code,
                f"{row.until:%Y-%m-%d %H:%M}",
                "used" if row.used_at else "not yet",
                row.project,
                row.uid,
                row.told,
            ]
            for row in rows
        ]
        self.table(["code", "until", "used", "project", "uid", "call"], lines)

    def withdraw(self, options: dict[str, Any]) -> None:
        once.withdraw(uid=options["uid"])
        self.stdout.write("[OK] it is refused again")

    def explain_call(self, call: Call, options: dict[str, Any]) -> None:
        found = explaining.explain(call=call, mode=given(options, ExplainSerializer).get("mode", ""))
        if options["json"]:
            self.print_json(found.as_dict())
            return
        told = (
            "the agent's own permissions decide" if found.answer == "nothing" else f"the agent is told {found.answer}"
        )
        self.stdout.write(f"{found.decision.decision} ({found.decision.posture}: {told}): {found.decision.reason}")
        for item in found.rules:
            doubt = "" if item.is_sure else ", perhaps"
            state = " (excepted)" if item.is_excepted else ""
            self.stdout.write(f"  {item.decision:<8}{item.rule_id}{state}: {item.rule}{doubt}: {item.part}")
            if item.safer and item.decision != "allow":
                self.stdout.write(f"          instead: {item.safer}")


def _until(row: PermissionException) -> str:
    if row.until is None:
        return "for ever"
    return f"{row.until:%Y-%m-%d %H:%M}{' (over)' if row.is_over else ''}"
