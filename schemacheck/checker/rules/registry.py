"""Where rules are entered, and how they are run on a statement."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from typing import Any

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.findings import Severity
from schemacheck.checker.history import TOOLS_OWN, History
from schemacheck.checker.policy import Policy, refused
from schemacheck.checker.reading.lowering import shape_of
from schemacheck.checker.reading.parser import Statement
from schemacheck.checker.reading.shapes import AlterationShape, Name
from schemacheck.checker.scope import Scope


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule saw in a statement, at a byte of it. Code, severity and SQLSTATE are the rule's unless given here."""

    message: str
    location: int = -1
    _: KW_ONLY
    hint: str = ""
    fix: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity | None = None
    sqlstate: str | None = None
    scope: Scope | None = None
    """The statement, where a rule looks at several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of finding. `check` yields its cases; it is None where the proof itself reports them.

    `rests_on` names the facts of a database that decide it; `default` is False where a project must ask for it.
    """

    code: str
    family: str
    severity: Severity
    title: str
    why: str
    bad: str = ""
    good: str = ""
    also_bad: Sequence[str] = ()
    also_good: Sequence[str] = ()
    sqlstate: str | None = None
    dialect: str = "postgresql"
    rests_on: str = ""
    default: bool = True
    check: Any = None

    def as_dict(self) -> dict[str, Any]:
        """The rule in the public shape."""
        return {
            "code": self.code,
            "family": self.family,
            "severity": self.severity.value,
            "title": self.title,
            "why": self.why,
            "bad": self.bad,
            "good": self.good,
            "also_bad": list(self.also_bad),
            "also_good": list(self.also_good),
            "sqlstate": self.sqlstate,
            "dialect": self.dialect,
            "rests_on": self.rests_on,
            "default": self.default,
        }


@dataclass(frozen=True, slots=True)
class _Dispatch:
    """The checks of a policy by what they look at."""

    before: Mapping[str, Sequence[Rule]]
    at_end: Mapping[str, Sequence[Rule]]
    actions: Mapping[str, Sequence[tuple[Rule, bool]]]
    always: Sequence[Rule]
    scripts: Sequence[Rule]


_NEEDS_NONE = re.compile(
    r"^VACUUM\b|\bINDEX CONCURRENTLY\b|\bREINDEX \w+ CONCURRENTLY\b|\bDETACH PARTITION\b.*\bCONCURRENTLY\b"
)
RULES: dict[str, Rule] = {}
_BEFORE: dict[str, list[Rule]] = defaultdict(list)
_AT_END: dict[str, list[Rule]] = defaultdict(list)
_ACTIONS: dict[str, list[tuple[Rule, bool]]] = defaultdict(list)
_ALWAYS: list[Rule] = []
_SCRIPTS: list[Rule] = []


def rule(  # noqa: PLR0913  -- a table row, each with a default
    code: str,
    *,
    title: str,
    why: str,
    bad: str,
    good: str,
    also_bad: tuple[str, ...] = (),
    also_good: tuple[str, ...] = (),
    kinds: tuple[str, ...] = (),
    actions: tuple[str, ...] = (),
    severity: Severity = Severity.WARNING,
    at_end: bool = False,
    script: bool = False,
    new_tables_too: bool = False,
    sqlstate: str | None = None,
    rests_on: str = "",
    default: bool = True,
) -> Callable[[Any], Any]:
    """Enter a rule: a function that yields a case for each fault it sees.

    It speaks of the examples `bad` and `also_bad`, and is silent on `good` and `also_good`; a test runs them all.

    With `kinds` it looks at whole statements of those kinds, `at_end` once the whole script is known. With `actions`
    it looks at commands of ALTER TABLE on a table that stood before the script (`new_tables_too`: on any). With
    `script` it gets all statements at the end. With none of them it looks at every statement.
    """

    def enter(check: Any) -> Any:
        family = check.__module__.rpartition(".")[2]
        entered = Rule(
            code=code,
            family=family,
            severity=severity,
            title=title,
            why=why,
            bad=bad,
            good=good,
            also_bad=also_bad,
            also_good=also_good,
            sqlstate=sqlstate,
            rests_on=rests_on,
            default=default,
            check=check,
        )
        enlist(entered)
        for action in actions:
            _ACTIONS[action].append((entered, new_tables_too))
        for kind in kinds:
            (_AT_END if at_end else _BEFORE)[kind].append(entered)
        if script:
            _SCRIPTS.append(entered)
        elif not actions and not kinds:
            _ALWAYS.append(entered)
        return check

    return enter


def enlist(entered: Rule) -> None:
    """Enter a rule that the proof itself reports."""
    if entered.code in RULES:
        raise ValueError(f"two rules are called {entered.code}")
    RULES[entered.code] = entered


def recognised(policy: Policy) -> Policy:
    """The policy, if there is everything it selects and ignores. Raises InvalidPolicy."""
    names = {"all", "default", *RULES, *(rule.family for rule in RULES.values())}
    for key in ("select", "ignore"):
        for item in sorted(getattr(policy, key) - names):
            detail = f"{key} names {item!r}, which is no rule and no family. See docs/schemacheck-rules.md."
            raise refused(key, detail)
    return policy


def is_wanted(code: str, policy: Policy) -> bool:
    """Whether a policy lets a rule speak. What the server refuses is said unless it is ignored by name."""
    entered = RULES.get(code)
    if entered is None:
        return True
    if not policy.ignore.isdisjoint((code, entered.family, "all", "default" if entered.default else "")):
        return entered.severity is Severity.ERROR and code not in policy.ignore
    if entered.check is None or entered.severity is Severity.ERROR:
        return True
    names = {code, entered.family, "all", *(["default"] if entered.default else [])}
    return not names.isdisjoint(policy.select)


def run_rules(scope: Scope, *, at_end: bool = False) -> None:
    """Run the rules for a statement's kind, before it is simulated or at the end of the script."""
    statement = scope.statement
    if statement.node is None:
        return
    dispatch = _dispatch_of(scope)
    if at_end:
        for entered in dispatch.at_end.get(statement.kind, ()):
            _report(entered, entered.check(scope), scope)
        return
    for entered in (*dispatch.always, *dispatch.before.get(statement.kind, ())):
        _report(entered, entered.check(scope), scope)
    if statement.kind == "alter_table":
        _run_on_actions(scope, dispatch)


def run_script_rules(scopes: Sequence[Scope]) -> None:
    """Run the rules that look at the script as a whole."""
    if scopes:
        for entered in _dispatch_of(scopes[0]).scripts:
            _report(entered, entered.check(scopes), scopes[0])


def _report(entered: Rule, cases: Iterable[Case], scope: Scope) -> None:
    for case in cases:
        (case.scope or scope).add(
            entered.code,
            case.severity or entered.severity,
            case.message,
            case.location,
            sqlstate=case.sqlstate or entered.sqlstate,
            hint=case.hint,
            fix=_outside(case.fix, scope),
            facts=case.facts,
        )


def _outside(fix: str, scope: Scope) -> str:
    """A fix that no transaction may hold, after the end of the one the script has opened."""
    opened = scope.progress.history.transaction > TOOLS_OWN
    return f"COMMIT;\n{fix}" if opened and _NEEDS_NONE.search(fix) else fix


def _dispatch_of(scope: Scope) -> _Dispatch:
    history = scope.progress.history
    if history.dispatch is None:
        history.dispatch = _dispatch(history.policy)
    found: _Dispatch = history.dispatch
    return found


def history_of(scope: Scope) -> History:
    """What the statements before this one did."""
    return scope.progress.history


def about(table: Table | bool | None) -> Mapping[str, Any]:
    """The facts of the database a finding about a table rests on."""
    if not isinstance(table, Table):
        return {"catalog": "not read"}
    facts: dict[str, Any] = {"table": table.display, "bytes": table.bytes}
    if table.rows >= 0:
        facts["estimated_rows"] = int(table.rows)
    return facts


def locked(scope: Scope, name: Name) -> Table | bool | None:
    """As `Scope.standing`, and False for a table too small for its locks to matter to this project."""
    table = scope.standing(name)
    return False if is_small(scope, table) else table


def is_small(scope: Scope, table: Table | bool | None) -> bool:
    """Whether the statistics say that a table has no more rows than the project calls small."""
    limit = scope.progress.history.policy.small_table_rows
    return isinstance(table, Table) and 0 <= table.rows <= limit and limit > 0 and not table.has_children


def target_sql(scope: Scope) -> str:
    """The table a statement is about, as SQL names it."""
    shape = shape_of(scope.statement)
    return str((shape.table if hasattr(shape, "table") else shape.name).sql)


def rewritten(statement: Statement, before: str, after: str) -> str:
    """The statement with its first `before` replaced, as a fix; empty if it does not occur."""
    start = statement.find(before, after=0)
    raw = statement.sql.encode()
    if raw[start : start + len(before)].decode(errors="ignore").lower() != before.lower():
        return ""
    return (raw[:start] + after.encode() + raw[start + len(before) :]).decode() + ";"


_BARE = {"DropColumn", "DropConstraint"}


def _run_on_actions(scope: Scope, dispatch: _Dispatch) -> None:
    shape: AlterationShape | None = shape_of(scope.statement)
    if shape is None:
        return
    table = scope.standing(shape.name)
    known = table if isinstance(table, Table) else scope.catalog.table(shape.name)
    small = is_small(scope, table)
    for action in shape.actions:
        for entered, new_tables_too in dispatch.actions.get(action.kind, ()):
            if new_tables_too or (table is not False and (not small or action.kind in _BARE)):
                _report(entered, entered.check(scope, action, known), scope)


@cache
def _dispatch(policy: Policy) -> _Dispatch:
    wanted = {entered for entered in RULES.values() if is_wanted(entered.code, policy)}

    def kept(entries: Mapping[str, list[Rule]]) -> dict[str, list[Rule]]:
        return {kind: [entered for entered in listed if entered in wanted] for kind, listed in entries.items()}

    return _Dispatch(
        before=kept(_BEFORE),
        at_end=kept(_AT_END),
        actions={kind: [pair for pair in pairs if pair[0] in wanted] for kind, pairs in _ACTIONS.items()},
        always=[entered for entered in _ALWAYS if entered in wanted],
        scripts=[entered for entered in _SCRIPTS if entered in wanted],
    )
