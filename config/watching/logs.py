"""Log lines with the correlation id, for people or as JSON, with anything that looks like a secret blanked."""

import json
import logging

from config.context import caller
from config.secrets import blank, retold


class LineFormatter(logging.Formatter):
    """`2026-01-02T03:04:05 WARNING audit.trail [request id] message`."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = ""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} [{correlation_id}] {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        record.correlation_id = caller().correlation_id or "-"
        return _clean(super().format(record))


class JSONFormatter(LineFormatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "correlation_id": caller().correlation_id,
            "message": _clean(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = _clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _clean(text: str) -> str:
    """Without secrets, also where Django has written a path's signs as escapes: `contrase\\xf1a: x`."""
    text = blank(text)
    if "\\" not in text or not text.isascii():
        return text
    try:
        return str(retold(text, text.encode().decode("unicode_escape")))
    except UnicodeDecodeError:
        return text
