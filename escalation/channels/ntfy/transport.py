"""Sends a notice as JSON to the server's root, https://docs.ntfy.sh/publish/#publish-as-json."""

import json
from typing import Any

from config.outbound import Call
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome, by_http

LONGEST_TEXT = 3000  # bytes are what counts, 4,096 of them
PRIORITIES = {"critical": 5, "high": 4, "medium": 3, "low": 2}


def send(notice: Notice, given: Given) -> Outcome:
    return by_http(compose(notice, given), notice, given)


def compose(notice: Notice, given: Given) -> Call:
    body: dict[str, Any] = {
        "topic": given.details["topic"],
        "title": notice.title,
        "message": _cut(notice.text or notice.title),
        "priority": PRIORITIES.get(str(notice.data.get("bug", {}).get("priority")), 3),
    }
    if notice.url:
        body["click"] = notice.url
    if notice.act_url:
        body["actions"] = [{"action": "view", "label": notice.ask, "url": notice.act_url}]
    headers = {"Content-Type": "application/json"}
    if token := given.secrets.get("token"):
        headers["Authorization"] = f"Bearer {token}"
    return Call(url=given.details["url"], headers=headers, body=json.dumps(body).encode())


def _cut(text: str) -> str:
    return text.encode()[:LONGEST_TEXT].decode("utf-8", "ignore")
