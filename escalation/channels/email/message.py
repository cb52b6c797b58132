"""A notice as a plain mail: what is needed at night on a telephone comes first."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from escalation.channels.notice import Notice

LONGEST_SUBJECT = 200


def compose(notice: Notice, *, sender: str, to: list[str]) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(notice.title.split())[:LONGEST_SUBJECT]
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(datetime.fromtimestamp(notice.sent_at, UTC))
    mail["Message-ID"] = f"<{notice.id}@handrail>"
    if thread := notice.data.get("thread"):
        mail["References"] = f"<{thread}@handrail>"  # all mails about one bug lie together
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answer comes back
    mail.set_content(_text(notice))
    return mail


def _text(notice: Notice) -> str:
    parts = [notice.title]
    if notice.act_url:
        parts.append(f"{notice.ask} it:\n{notice.act_url}")
    if notice.text:
        parts.append(notice.text)
    if notice.facts:
        parts.append("\n".join(f"{name}: {value}" for name, value in notice.facts.items()))
    if notice.url:
        parts.append(f"All that is known:\n{notice.url}")
    return "\n\n".join(parts) + "\n"
