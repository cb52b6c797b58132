"""A check as a person reads it: findings by severity, each at its line of the script, and the locks."""

from typing import Any

from django.db import connections
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from config.pages import kit
from config.pages.kit.marks import Tone
from config.pages.manual.rendering import place_of
from schemacheck.checker.findings import KINDS, MAX_SHOWN
from schemacheck.models import Check

TONES: dict[str, Tone] = {"error": "bad", "warning": "wait", "suggestion": "info"}
STATUS_TONES: dict[str, Tone] = {"pending": "quiet", "finished": "good", "failed": "bad"}
_HIGHLIGHT_LIMIT = 200_000
_LONGEST_LINE = 200


def worst(check: Check) -> SafeString:
    """The verdict by its worst finding, as a list has room for it."""
    if check.status != Check.Status.FINISHED:
        return _unfinished(check)
    if not check.worst_severity:
        return kit.badge("valid", "good")
    badge = kit.badge(check.worst_severity, TONES[check.worst_severity])
    return format_html("{} {} <small>{}</small>", badge, check.worst_message, check.worst_rule)


def _unfinished(check: Check) -> SafeString:
    state = kit.badge(check.status, STATUS_TONES[check.status], underway=check.status == Check.Status.PENDING)
    return format_html("{} {}", state, check.failure)


def spoken(check: Check) -> str:
    """The dialect, and the database where it is not the usual one."""
    dialect = check.get_dialect_display() or "-"
    return dialect if check.database == "default" else f"{dialect}, {check.database}"


def database(alias: str) -> str:
    """A configured database by its alias, with what a reader would not guess: that the usual one is our own."""
    kind = connections[alias].display_name
    return f"{alias}: Handrail's own, {kind}" if alias == "default" else f"{alias}: {kind}"


def only_ours_is_known() -> bool:
    """Whether no database is configured but the SQLite in which Handrail keeps its own tables."""
    return list(connections.settings) == ["default"] and connections["default"].vendor == "sqlite"


def verdict(check: Check) -> SafeString:
    """The verdict in a sentence."""
    if check.valid is None:
        return _unfinished(check)
    badge = kit.badge("valid", "good") if check.valid else kit.badge("not valid", "bad")
    counts = (check.report or {"counts": {}})["counts"]
    told = [
        f"{counts.get(kind, 0):,} {kind if counts.get(kind, 0) != 1 else kind[:-1]}" for kind in ("statements", *KINDS)
    ]
    return format_html("{} {}{}", badge, ", ".join(told), _by_sqlite(check))


def _by_sqlite(check: Check) -> SafeString | str:
    """Whoever meant PostgreSQL finds nothing wrong with the script, but with what it was held against."""
    if check.dialect != Check.Dialect.SQLITE:
        return ""
    by = ", by Handrail's own database" if check.database == "default" else ""
    return format_html('<p class="kit-quiet">Judged as SQLite{}. Meant for PostgreSQL? Judge it as that.</p>', by)


def asked(check: Check) -> SafeString:
    """Who asked what of which database, and how far the check went."""
    reached = (check.report or {}).get("proof", "")
    told = [
        ("For", spoken(check)),
        ("Proof", f"{reached}, of {check.proof} asked for" if check.proof else reached),
        ("Rows", "asked, whether they keep to new constraints" if check.probe else "not asked"),
        ("By", f"{check.requested_by} ({check.door})"),
        ("When", kit.moment(check.created_at)),
        ("Took", f"{check.duration_ms:.0f} ms" if check.duration_ms is not None else ""),
        ("Id", str(check.uid)),
        ("Request", check.correlation_id),
        ("SHA-256", check.sql_hash),
    ]
    return kit.facts([(name, value) for name, value in told if value])


def findings(check: Check) -> SafeString:
    """The gravest kind first, within it in the order of the script."""
    report = check.report or {}
    groups = [_group(kind, report, check.sql) for kind in KINDS if report.get(kind)]
    context = {
        "groups": groups,
        "path": report.get("path", ""),
        "most": MAX_SHOWN,
        "truncated": report.get("truncated"),
    }
    return render_to_string("schemacheck/findings.html", context)


def _group(kind: str, report: dict[str, Any], sql: str) -> dict[str, Any]:
    word = kind.removesuffix("s")
    lines = [] if "migration" in report else sql.splitlines()  # of a migration they are those of its file
    ordered = sorted(report[kind], key=lambda item: (item["line"] or 0, item["column"] or 0))
    shown = [_finding(finding, lines) for finding in ordered]
    return {"word": word, "tone": TONES[word], "count": report["counts"][kind], "findings": shown}


def _finding(finding: dict[str, Any], lines: list[str]) -> dict[str, Any]:
    line = finding["line"]
    text = lines[line - 1] if line and line <= len(lines) else None
    return {
        **finding,
        "badge": kit.badge(finding["severity"], TONES[finding["severity"]]),
        "explained": place_of("docs/schemacheck-rules.md", finding["rule"]),
        "linked": text is not None,
        "text": text[:_LONGEST_LINE] if text else "",
        "mend": kit.code(finding["fix"], "sql") if finding["fix"] else "",
        "rests_on": kit.tree(finding["facts"]),
    }


def locks(check: Check) -> SafeString:
    """What each statement locks, and the work it does meanwhile."""
    report = check.report or {}
    rows = [
        {**lock, "statement": statement, "number": statement["index"] + 1, "work": _work(lock)}
        for statement in report.get("statements", [])
        for lock in statement["locks"]
    ]
    return render_to_string("schemacheck/locks.html", {"locks": rows, "linked": "migration" not in report})


def _work(lock: dict[str, Any]) -> SafeString:
    told: list[tuple[str, str, Tone]] = [("rewrites", "rewrites it", "bad"), ("scans", "reads it whole", "wait")]
    return format_html_join(" ", "{}", ((kit.badge(word, tone),) for name, word, tone in told if lock[name]))


def script(check: Check) -> SafeString:
    """The SQL with a place for each line; of a migration what it would run in both directions."""
    report = check.report or {}
    if "migration" not in report:
        gravest: list[dict[str, Any]] = next((report[kind] for kind in KINDS if report.get(kind)), [])
        marked = {finding["line"] for finding in gravest if finding["line"]}
        edit = f"{reverse('admin:schemacheck_check_add')}?again={check.uid}"
        return format_html('{}<p><a href="{}">Change it and check anew</a></p>', highlighted(check.sql, marked), edit)
    return format_html(
        "<p>{} in {}; the lines of findings are those of this file.</p>{}<h3>Backwards</h3>{}",
        *(report["migration"], report["path"]),
        *(highlighted(report["sql"][direction], anchored=False) for direction in ("forwards", "backwards")),
    )


def highlighted(sql: str, marked: set[int] | None = None, *, anchored: bool = True) -> SafeString:
    """SQL in colours, each line with the id `L-12`."""
    if len(sql) > _HIGHLIGHT_LIMIT:
        rows = ((number, line) for number, line in enumerate(sql.splitlines(), 1))
        body = format_html_join("\n", '<span id="L-{}">{}</span>', rows)
        return format_html('<pre class="schemacheck-sql" tabindex="0">{}</pre>', body)
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PostgresLexer

    formatter = HtmlFormatter(
        linenos="inline",
        cssclass="schemacheck-sql",
        hl_lines=sorted(marked or ()),
        linespans="L" if anchored else "",
        nobackground=True,
    )
    # Pygments escapes the script itself; its markup has classes only, as the content security policy asks.
    return mark_safe(highlight(sql, PostgresLexer(stripnl=False), formatter))  # noqa: S308
