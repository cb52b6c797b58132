"""What a caller wrote runs apart: templates render, patterns and schemas are read and judge in another process.

Inside the service an endless search would hold the interpreter and everybody who waits for it, and no thread can be
stopped. These are the operations; `processes` has the budget.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from prompts import assertions, templates
from prompts.assertions import AssertionsInvalid, Judgement, Outcome, Subject
from prompts.processes import Pool, Stopped, Work, serve
from prompts.templates import Message, TemplateInvalid, VariablesInvalid
from prompts.tokens import count_tokens

__all__ = ["Stopped", "check_assertions", "conversation", "judge", "pool"]


def conversation(
    messages: Sequence[Message], given: str | Mapping[str, Any] | None, *, plain: bool = False
) -> list[Message]:
    """`templates.conversation`, which see. Raises Stopped too."""
    sent = [[message.role, message.content] for message in messages]
    rendered = pool.call("render", {"messages": sent, "given": given, "plain": plain})
    return [Message(role=role, content=content) for role, content in rendered]


def _render(argument: Any) -> Any:
    messages = [Message(role=role, content=content) for role, content in argument["messages"]]
    rendered = templates.conversation(messages, argument["given"], plain=argument["plain"])
    return [[message.role, message.content] for message in rendered]


def check_assertions(raw: Mapping[str, Any]) -> None:
    """Look at the assertions of each field, all within one budget. Raises AssertionsInvalid, Stopped."""
    if some := {field: value for field, value in raw.items() if value != []}:
        try:
            pool.call("check", some)
        except RecursionError:
            raise AssertionsInvalid("The assertions nest too deep.") from None


def _check(raw: Any) -> None:
    for field, value in raw.items():
        assertions.parse(value, field=field)


def judge(raw: Sequence[Any], subject: Subject, *, expected: str | None, threshold: float | None) -> Judgement:
    """`assertions.judge` of a case's own assertions. Raises AssertionsInvalid, Stopped."""
    if subject.output_tokens is None and any("token-count" in json.dumps(item) for item in raw):
        subject = replace(subject, output_tokens=count_tokens(subject.text).tokens)
    argument = {"assertions": raw, "subject": asdict(subject), "expected": expected, "threshold": threshold}
    said = pool.call("judge", argument)
    outcomes = tuple(Outcome(**outcome) for outcome in said["outcomes"])
    return Judgement(passed=said["passed"], score=said["score"], outcomes=outcomes)


def _judge(argument: Any) -> Any:
    parsed, subject = assertions.parse(argument["assertions"]), Subject(**argument["subject"])
    return asdict(assertions.judge(parsed, subject, expected=argument["expected"], threshold=argument["threshold"]))


WORKS = {
    "render": Work(_render, 2, 200, "Rendering", "Give shorter values, fewer loops or fewer filters in them."),
    "check": Work(_check, 5, 100, "Reading the assertions", "Write simpler patterns and schemas, or fewer."),
    "judge": Work(_judge, 2, 100, "Judging the answer", "Write simpler patterns and schemas, or ask for less."),
}
pool = Pool(
    "prompts.apart", WORKS, {error.code: error for error in (TemplateInvalid, VariablesInvalid, AssertionsInvalid)}
)

if __name__ == "__main__":
    serve(WORKS)
