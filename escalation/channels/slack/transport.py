"""Sends a notice as blocks (Block Kit), https://docs.slack.dev/reference/block-kit/blocks."""

import json
from typing import Any

from config.outbound import Call
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome, by_http

LONGEST_HEADER = 150
LONGEST_TEXT = 2900  # of 3,000, what is escaped is longer
MOST_FIELDS = 10


def send(notice: Notice, given: Given) -> Outcome:
    return by_http(compose(notice, given), notice, given)


def compose(notice: Notice, given: Given) -> Call:
    answerable = bool(given.secrets.get("signing_secret"))
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": notice.title[:LONGEST_HEADER]}}
    ]
    if notice.text:
        blocks.append({"type": "section", "text": _text(f"```{_escaped(notice.text)[:LONGEST_TEXT]}```")})
    if notice.facts:
        shown = list(notice.facts.items())[:MOST_FIELDS]
        said = [_text(f"*{_escaped(name)}*\n{_escaped(value)}") for name, value in shown]
        blocks.append({"type": "section", "fields": said})
    if notice.act_url:
        blocks.append({"type": "actions", "elements": list(_buttons(notice, answerable=answerable))})
    body = {"text": notice.title, "blocks": blocks, "unfurl_links": False}
    return Call(url=given.secrets["url"], headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())


def _buttons(notice: Notice, *, answerable: bool) -> list[dict[str, Any]]:
    """That answer where Slack can tell us; else one that leads to the page where it is done."""
    if not answerable:
        return [_button(notice.ask, url=notice.act_url), _button("Open", url=notice.url)]
    token = notice.act_url.rpartition("/")[2]
    first, second = notice.answers
    return [
        _button(first.capitalize(), action_id=first, value=token, style="primary"),
        _button(second.capitalize(), action_id=second, value=token),
        _button("Open", url=notice.url),
    ]


def _button(label: str, **said: str) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": label}, **said}


def _text(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str) -> str:
    """Slack's own three; what is left can mention nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "'''")
