"""Speaks the language server protocol: takes documents as they are typed, gives findings and what mends them.

A document is judged in a thread once it has rested for a moment; what was typed meanwhile is judged next, so that one
document never has two checks at work.
"""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from config.entry.extras import version
from schemacheck import files
from schemacheck.checker.checked import Checked
from schemacheck.editor.checks import How, check, end_projects, is_sql
from schemacheck.editor.fixes import Edit, edit_for, ignoring
from schemacheck.editor.places import Places

NAME = "schemacheck"
REST_SECONDS = 0.15
"""How long nobody has typed before a text is judged."""
AT_ONCE = 2
_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "suggestion": types.DiagnosticSeverity.Information,
}
_LONGEST_TITLE = 70
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of a document, and of which text."""

    version: int | None
    places: Places
    findings: list[dict[str, Any]]
    sign: str
    """What begins a comment there."""


class Editor:
    """The documents an editor has open."""

    def __init__(self, server: LanguageServer, how: How) -> None:
        self._server, self._how = server, how
        self._told: dict[str, Told] = {}
        self._work: dict[str, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="check")

    def look(self, uri: str) -> None:
        """Judge a document soon; where that is being done already, its newest text is judged behind."""
        if uri not in self._work:
            self._work[uri] = asyncio.get_running_loop().create_task(self._judge(uri))

    def look_at_all(self) -> None:
        """A file was saved, which others may stand on."""
        for uri in list(self._server.workspace.text_documents):
            self.look(uri)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        if task := self._work.pop(uri, None):
            task.cancel()
        self._told.pop(uri, None)
        self._publish(uri, None, [])

    def actions(self, uri: str, wanted: types.Range) -> list[types.CodeAction]:
        """What mends the findings at a place, or switches them off there."""
        told = self._told.get(uri)
        if told is None or told.version != self._server.workspace.get_text_document(uri).version:
            return []
        near = [finding for finding in told.findings if _meet(told.places.of(finding), wanted)]
        return [action for finding in near for action in self._of_finding(uri, told, finding)]

    async def _judge(self, uri: str) -> None:
        try:
            judged = None
            while judged is None or judged != self._server.workspace.get_text_document(uri).version:
                await asyncio.sleep(REST_SECONDS)
                document = self._server.workspace.get_text_document(uri)
                judged, text, path = document.version, document.source, Path(document.path)
                checked = await asyncio.get_running_loop().run_in_executor(
                    self._threads, _checked, path, text, document.language_id, self._how
                )
            self._tell(uri, judged, text, checked, "--" if is_sql(path, document.language_id) else "#")
        finally:
            if self._work.get(uri) is asyncio.current_task():
                del self._work[uri]

    def _tell(self, uri: str, number: int | None, text: str, checked: Checked | None, sign: str) -> None:
        places = Places(text, self._server.workspace.position_encoding or "utf-16")
        findings = checked.findings if checked else []
        self._told[uri] = Told(number, places, findings, sign)
        self._publish(uri, number, [_diagnostic(finding, places) for finding in findings])

    def _publish(self, uri: str, number: int | None, diagnostics: list[types.Diagnostic]) -> None:
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, version=number, diagnostics=diagnostics)
        )

    def _of_finding(self, uri: str, told: Told, finding: dict[str, Any]) -> Iterator[types.CodeAction]:
        diagnostic, text = _diagnostic(finding, told.places), told.places.text
        fix = edit_for(text, finding) if told.sign == "--" else None
        hide = ignoring(text, finding, sign=told.sign)
        for title, edit, preferred in (
            (f"Fix {finding['rule']}: {_first_line(finding['fix'])}", fix, bool(fix and fix.whole)),
            (f"Ignore {finding['rule']} here", hide, False),
        ):
            if edit is not None:
                yield types.CodeAction(
                    title=title,
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[diagnostic],
                    is_preferred=preferred,
                    edit=_changing(uri, told, edit),
                )


def serve(how: How) -> None:
    """Talk over stdin and stdout until the editor leaves."""
    server = LanguageServer(NAME, version(), text_document_sync_kind=types.TextDocumentSyncKind.Incremental)
    editor = Editor(server, how)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def look(params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams) -> None:
        editor.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def look_at_all(params: types.DidSaveTextDocumentParams) -> None:
        editor.look_at_all()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def forget(params: types.DidCloseTextDocumentParams) -> None:
        editor.forget(params.text_document.uri)

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    async def act(params: types.CodeActionParams) -> list[types.CodeAction]:
        return editor.actions(params.text_document.uri, params.range)

    try:
        server.start_io()
    finally:
        end_projects()


def _checked(path: Path, text: str, language: str | None, how: How) -> Checked | None:
    """A check that fails says so at the document: nobody reads the log of an editor's server."""
    try:
        return check(path, text, language, how)
    except Exception as error:
        logger.exception("%s could not be checked", path)
        return files.not_checked(str(path), f"It could not be checked: {type(error).__name__}.")


def _diagnostic(finding: dict[str, Any], places: Places) -> types.Diagnostic:
    return types.Diagnostic(
        range=places.of(finding),
        message="\n".join(filter(None, (finding["message"], finding["hint"]))),
        severity=_SEVERITIES[finding["severity"]],
        code=finding["rule"],
        source=NAME,
    )


def _changing(uri: str, told: Told, edit: Edit) -> types.WorkspaceEdit:
    span = types.Range(told.places.at(edit.start), told.places.at(edit.end))
    return types.WorkspaceEdit(changes={uri: [types.TextEdit(span, edit.text)]})


def _first_line(fix: str) -> str:
    first, _, rest = fix.partition("\n")
    return f"{first[:_LONGEST_TITLE]} ..." if rest or len(first) > _LONGEST_TITLE else first


def _meet(one: types.Range, other: types.Range) -> bool:
    return not (_key(one.end) < _key(other.start) or _key(other.end) < _key(one.start))


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character
