"""Sends a notice as an Adaptive Card, https://adaptivecards.io/explorer/."""

import json
from typing import Any

from config.outbound import Call
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome, by_http

LONGEST_TEXT = 4000  # a message may have 28 KB


def send(notice: Notice, given: Given) -> Outcome:
    return by_http(compose(notice, given), notice, given)


def compose(notice: Notice, given: Given) -> Call:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": list(_body(notice)),
        "actions": list(_actions(notice)),
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    body = {"type": "message", "attachments": [attachment]}
    headers = {"Content-Type": "application/json"}
    return Call(url=given.secrets["url"], headers=headers, body=json.dumps(body).encode())


def _body(notice: Notice) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "TextBlock", "text": notice.title, "weight": "Bolder", "wrap": True}]
    if notice.text:
        text = notice.text[:LONGEST_TEXT]
        # A RichTextBlock is not read as Markdown: a message of an error is no place for links of others.
        parts.append({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, "fontType": "Monospace"}]})
    if notice.facts:
        facts = [{"title": name, "value": value} for name, value in notice.facts.items()]
        parts.append({"type": "FactSet", "facts": facts})
    return parts


def _actions(notice: Notice) -> list[dict[str, str]]:
    ways = ((notice.ask, notice.act_url), ("Open", notice.url))
    return [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in ways if url]
