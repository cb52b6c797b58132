"""Decisions in process by the rules that ship, each of them with the event that records it."""

from collections.abc import Callable
from itertools import count, cycle

from audit.permissions import decisions, held, store
from audit.permissions.bounds import Bounds
from audit.permissions.calls import Call

COMMANDS = [  # none of them comes twice
    "npm test -- case-{}",
    "git status && git push origin topic-{}",
    "cd build-{} && sudo rm -rf .",
    "psql -c 'drop table t{}'",
    "ls -la src/{} | grep foo > out.txt",
]


def cases() -> dict[str, Callable[[], object]]:
    store.load_defaults()  # where no packs decide
    ready = Bounds(held.load_held())
    assert len(ready.rules.rules) > 200
    commands = (command.format(number) for number, command in zip(count(), cycle(COMMANDS), strict=False))

    def decide() -> object:
        given = {"command": next(commands)}
        return decisions.decide(tool_name="Bash", tool_input=given, agent="claude", cwd="/home/you/project")

    def judge() -> object:
        given = {"command": next(commands)}
        return ready.decide(Call(tool="Bash", input=given, agent="claude", cwd="/home/you/project"))

    return {"a decision with its event": decide, "the judging alone": judge}
