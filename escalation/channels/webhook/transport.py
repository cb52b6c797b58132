"""Sends a notice as JSON, signed; the same id at every try, so that a receiver takes it once."""

import json
from datetime import UTC, datetime

from config.outbound import Call
from escalation.channels.notice import Given, Notice
from escalation.channels.outcome import Outcome, by_http
from escalation.channels.webhook.signature import signatures


def send(notice: Notice, given: Given) -> Outcome:
    return by_http(compose(notice, given), notice, given)


def compose(notice: Notice, given: Given) -> Call:
    said = {
        "type": notice.type,
        "timestamp": datetime.fromtimestamp(notice.sent_at, UTC).isoformat(),
        "data": {
            "title": notice.title,
            "text": notice.text,
            **notice.data,
            "url": notice.url,
            "answers": list(notice.answers),
            "answer_url": notice.act_url,
        },
    }
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    sealed = signatures(given.secrets["secret"], message_id=notice.id, timestamp=notice.sent_at, body=body)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": notice.id,
        "webhook-timestamp": str(notice.sent_at),
        "webhook-signature": sealed,
    }
    return Call(url=given.details["url"], headers=headers, body=body)
