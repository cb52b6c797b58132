"""Sends a notice as an embed, https://discord.com/developers/docs/resources/webhook#execute-webhook."""

import json

from config.outbound import Call
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome, by_http

LONGEST_TITLE, LONGEST_TEXT, LONGEST_VALUE = 256, 3000, 1024
COLOURS = {"critical": 0xB3261E, "high": 0xD9730D, "medium": 0xB8860B, "low": 0x4F6D7A}


def send(notice: Notice, given: Given) -> Outcome:
    return by_http(compose(notice, given), notice, given)


def compose(notice: Notice, given: Given) -> Call:
    text = notice.text[:LONGEST_TEXT].replace("```", "'''")
    ways = "\n".join(f"{name}: <{url}>" for name, url in _ways(notice) if url)
    embed = {
        "title": notice.title[:LONGEST_TITLE],
        "description": f"```\n{text}\n```\n{ways}" if text else ways,
        "color": COLOURS.get(str(notice.data.get("bug", {}).get("priority")), 0x4F6D7A),
        "fields": [
            {"name": name, "value": value[:LONGEST_VALUE], "inline": True} for name, value in notice.facts.items()
        ],
    }
    body = {"embeds": [embed], "allowed_mentions": {"parse": []}}  # a text of an error calls nobody by @everyone
    headers = {"Content-Type": "application/json"}
    return Call(url=given.secrets["url"], headers=headers, body=json.dumps(body).encode())


def _ways(notice: Notice) -> tuple[tuple[str, str], ...]:
    return ((notice.ask, notice.act_url), ("Open", notice.url))
