"""What the packs say of commands labelled by others: `python -m tests.audit.measure_decisions cases.jsonl [posture]`.

Each line is an object with `command` and `expected`, which is `allow` for a harmless command and `block` for one that
destroys something. Prints how many of either were allowed, left to the agent, asked and denied, and names those that
came out otherwise than their authors thought.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from audit.permissions.calls import Call
from audit.permissions.deciding import RuleSet
from audit.permissions.packs import pack_rules
from audit.permissions.posture import POSTURES, Posture

_SAYS = {"allow": "allowed", "confirm": "asked", "deny": "denied", None: "left"}
_WRONG = {("allow", "asked"), ("allow", "denied"), ("block", "allowed"), ("block", "left")}


def outcome(command: str, rules: RuleSet, posture: Posture) -> tuple[str, str]:
    """What the agent is told of a command in a project of its own, and why."""
    home = "/home/user"
    call = Call("Bash", {"command": command}, cwd=f"{home}/project", root=f"{home}/project", home=home)
    decision = rules.decide(call)._replace(posture=posture)
    return _SAYS[None if decision.is_left else decision.decision], decision.reason


def measure(cases: Iterable[tuple[str, str]], posture: Posture) -> tuple[Counter[tuple[str, str]], list[str]]:
    """How often each came out how, and the lines that came out otherwise."""
    rules, counts, wrong = RuleSet(pack_rules()), Counter[tuple[str, str]](), []
    for expected, command in cases:
        said, reason = outcome(command, rules, posture)
        counts[expected, said] += 1
        if (expected, said) in _WRONG:
            wrong.append(f"{expected} {said}: {command!r}: {reason[:120]}")
    return counts, wrong


def main(path: str, name: str = "balanced") -> None:
    posture = next(item for item in POSTURES if item == name)
    lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
    counts, wrong = measure([(item["expected"], item["command"]) for item in lines], posture)
    for expected, title in (("allow", "harmless"), ("block", "destructive")):
        total = sum(count for (label, _), count in counts.items() if label == expected)
        told = ", ".join(f"{counts[expected, said]} {said}" for said in _SAYS.values())
        print(f"{total} {title}: {told}")
    print(*sorted(wrong), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
