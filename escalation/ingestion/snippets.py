"""What to paste into a program so that it reports to a project: a few lines for each SDK."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """`install` is typed once, `code` goes where the program begins."""

    title: str
    install: str
    code: str


_PYTHON = """\
import sentry_sdk

sentry_sdk.init(dsn={dsn}, release="shop@1.4", environment="production")"""
_NODE = """\
const Sentry = require("@sentry/node");

Sentry.init({{ dsn: {dsn}, release: "shop@1.4", environment: "production" }});"""
_BROWSER = """\
import * as Sentry from "@sentry/browser";

Sentry.init({{ dsn: {dsn}, release: "shop@1.4", environment: "production" }});"""
_OTHERS = """\
SENTRY_DSN={plain}
SENTRY_RELEASE=shop@1.4
SENTRY_ENVIRONMENT=production"""


def snippets(dsn: str) -> tuple[Snippet, ...]:
    """For the SDKs that are tried here, then for the others, which read their environment."""
    quoted = {"dsn": json.dumps(dsn), "plain": dsn}
    return tuple(
        Snippet(title=title, install=install, code=code.format(**quoted))
        for title, install, code in (
            (
                "Python: where it begins; of Django in settings.py",
                "pip install sentry-sdk",
                _PYTHON,
            ),
            ("Node.js: before everything else is loaded", "npm install @sentry/node", _NODE),
            ("Pages in a browser", "npm install @sentry/browser", _BROWSER),
            ("Another SDK of Sentry's: in its environment", "", _OTHERS),
        )
    )
