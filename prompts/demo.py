"""A believable prompt with three versions, its cases and their tests, answered by a script instead of a model."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from config.demonstration import Act
from prompts.cases import create_test_case
from prompts.execution import execute_run
from prompts.labels import move_label
from prompts.models import Prompt
from prompts.provider import Answer
from prompts.templates import Message
from prompts.testing import test_prompt_version
from prompts.versions import activate_version, save_version

PROMPT_ID = "triage-ticket"
TICKETS = {
    "login loop": ("I am sent back to the login page again and again.", "bug"),
    "invoice copy": ("Please send me last month's invoice once more.", "billing"),
    "dark mode": ("Could you add a dark theme?", "feature"),
    "export empty": ("The CSV export has a header and nothing else.", "bug"),
    "card declined": ("My card was declined although it is valid.", "billing"),
    "search slow": ("Search takes half a minute since yesterday.", "bug"),
    "keyboard": ("I would love shortcuts for moving between tickets.", "feature"),
    "double charge": ("I was charged twice in October.", "billing"),
}
ANSWER = "Answer with one word: bug, billing or feature."
RELEASE_ID = "release-note"
CHANGES = {
    "fix": ("Round prices once, at the end.", "fix"),
    "addition": ("Offer Polish as a language.", "addition"),
    "removal": ("Drop the XML export.", "removal"),
    "security": ("Refuse tokens that have expired.", "fix"),
}
KIND = "Answer with one word: addition, fix or removal."
WEEKS = 3


class Scripted:
    """Knows the right answers; without the list of words in the prompt it chats, as small models do."""

    def complete(self, messages: Sequence[Message], settings: Mapping[str, Any], *, model: str) -> Answer:
        said = "\n".join(message.content for message in messages)
        label = next(label for text, label in [*TICKETS.values(), *CHANGES.values()] if text in said)
        knows = ANSWER in said or KIND in said
        text = label if knows else f"This looks like a {label}. Shall I say more?"
        return Answer(
            text=text,
            model=model,
            finish_reason="stop",
            input_tokens=len(said) // 4,
            output_tokens=len(text) // 4 + 1,
            latency_ms=180,
        )

    def close(self) -> None:
        """There is nothing to close."""


def past(now: datetime) -> Iterator[Act]:
    """Weeks of a prompt that is tested each Monday and after each change of it."""
    if Prompt.objects.filter(prompt_id=RELEASE_ID).exists():
        return
    begun = (now - timedelta(weeks=WEEKS)).replace(hour=9, minute=30)
    yield Act(at=begun, actor="kim", do=_draft_release_note)
    for week in range(WEEKS):
        monday = begun + timedelta(weeks=week, hours=2)
        yield Act(at=monday, actor="ci", do=partial(_test, min(week + 1, 2), RELEASE_ID))
    better = begun + timedelta(days=4)
    text = f"Sort this change of a release. {KIND}\n\nChange: {{{{ input }}}}"
    save = partial(save_version, prompt_id=RELEASE_ID, prompt_text=text, purpose="Release notes", notes="One word.")
    yield Act(at=better, actor="kim", do=save)
    yield Act(at=better + timedelta(minutes=20), actor="kim", do=partial(_test, 2, RELEASE_ID))
    yield Act(
        at=better + timedelta(minutes=40),
        actor="kim",
        do=partial(activate_version, prompt_id=RELEASE_ID, number=2),
    )


def _draft_release_note() -> None:
    text = "What kind of change is this? {{ input }}"
    save_version(prompt_id=RELEASE_ID, prompt_text=text, purpose="Release notes")
    for name, (change, kind) in CHANGES.items():
        create_test_case(prompt_id=RELEASE_ID, name=name, input=change, expected_output=kind, type="release")


def load() -> None:
    """Load it once; does nothing when the prompt is there."""
    if Prompt.objects.filter(prompt_id=PROMPT_ID).exists():
        return
    settings = {"temperature": 0}
    first = f"Classify the support ticket.\n{ANSWER}\n\nTicket: {{{{ input }}}}"
    save_version(prompt_id=PROMPT_ID, prompt_text=first, purpose="Triage", settings=settings)
    for name, (text, label) in TICKETS.items():
        create_test_case(prompt_id=PROMPT_ID, name=name, input=text, expected_output=label, type="triage")
    _test(1)
    activate_version(prompt_id=PROMPT_ID, number=1)
    messages = [
        {"role": "system", "content": f"You sort support tickets. {ANSWER}"},
        {"role": "user", "content": "{{ input }}"},
    ]
    save_version(
        prompt_id=PROMPT_ID,
        messages=messages,
        purpose="Triage",
        notes="Instructions as system message.",
        settings=settings,
    )
    _test(2)
    shorter = "Classify this ticket: {{ input }}"
    save_version(prompt_id=PROMPT_ID, prompt_text=shorter, purpose="Triage", notes="Fewer tokens.", settings=settings)
    _test(3)
    move_label(prompt_id=PROMPT_ID, label="production", version=1, protected=True)
    move_label(prompt_id=PROMPT_ID, label="staging", version=3)


def _test(number: int, prompt_id: str = PROMPT_ID) -> None:
    run = test_prompt_version(prompt_id=prompt_id, number=number, model="scripted-demo", queued=False)
    execute_run(run_id=run.pk, provider=Scripted())
