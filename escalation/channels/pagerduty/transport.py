"""Sends a notice as a trigger, https://developer.pagerduty.com/docs/send-alert-event."""

import json
from typing import Any

from config.outbound import Call
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome, by_http

USUAL = "https://events.pagerduty.com"
LONGEST_SUMMARY = 1024
SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}


def send(notice: Notice, given: Given) -> Outcome:
    return by_http(compose(notice, given), notice, given)


def compose(notice: Notice, given: Given) -> Call:
    bug = notice.data.get("bug", {})
    links = ((f"{notice.ask} in Handrail", notice.act_url), ("Open in Handrail", notice.url))
    body: dict[str, Any] = {
        "routing_key": given.secrets["routing_key"],
        "event_action": "trigger",
        "dedup_key": f"handrail:{bug['bug_id']}"[:255] if bug else notice.id,
        "payload": {
            "summary": notice.title[:LONGEST_SUMMARY],
            "source": str(bug.get("project", "handrail")),
            "severity": SEVERITIES.get(str(bug.get("priority")), "info"),
            "custom_details": {**notice.facts, "Message": notice.text},
        },
        "links": [{"text": text, "href": url} for text, url in links if url],
    }
    address = str(given.details.get("url") or USUAL).rstrip("/")
    headers = {"Content-Type": "application/json"}
    return Call(url=f"{address}/v2/enqueue", headers=headers, body=json.dumps(body).encode())
