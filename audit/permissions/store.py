"""Rules in the database: every change is checked, recorded, and written for the hooks of this machine."""

import fcntl
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from audit import trail
from audit.models import PermissionRule
from audit.permissions import compiled
from audit.permissions.held import as_rule, deciding_packs, load_held, packs_decide
from audit.permissions.matching import check
from audit.permissions.rules import InvalidRule, Rule
from config.context import caller
from config.errors import Conflict, DomainError, FieldError, Forbidden, NotFound
from config.home import PROGRAM
from config.identifiers import is_uuid, row_of

logger = logging.getLogger(__name__)

ENTITY = "rule"
SHIPPED = "default"
"""The source of the rules that `rules defaults` keeps."""
MAX_RULES = 5_000
_FIELDS = ("agent", "tool", "specifier", "decision", "reason", "match", "not_match", "is_enabled")


class RuleRefused(DomainError):
    """The rule cannot be kept as it is."""

    code = "invalid-rule"

    def __init__(self, error: InvalidRule, where: str = "") -> None:
        fields = [FieldError(field=f"{where}{error.field}", code="invalid", detail=error.detail)]
        super().__init__(f"The rule is not valid: {error.detail}", errors=fields)


class RuleExists(Conflict):
    code = "rule-exists"
    remedy = "change the rule that is there"


class RuleNotFound(NotFound):
    code = "rule-not-found"


class AdminOnly(Forbidden):
    """Whoever is bound by the rules must not loosen them."""

    remedy = "let a person with an admin key do it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did."""

    created: list[PermissionRule] = field(default_factory=list)
    known: int = 0
    removed: int = 0
    notes: list[str] = field(default_factory=list)


def find_rule(*, uid: str, locked: bool = False) -> PermissionRule:
    """The rule of a uid. Raises RuleNotFound."""
    rows = PermissionRule.objects.locked() if locked else PermissionRule.objects.all()
    missing = RuleNotFound(f"There is no rule {uid[:64]}. `{PROGRAM} rules list` shows those there are.")
    return row_of(rows, uid, missing)


@transaction.atomic
def create_rule(*, tool: str, decision: str, **fields: Any) -> PermissionRule:
    """Keep a new rule. Raises RuleRefused, RuleExists, AdminOnly."""
    require_admin()
    row = PermissionRule(tool=tool, decision=decision, **fields)
    _save(row)
    _record(row, "created", None)
    return row


@transaction.atomic
def change_rule(*, uid: str, **fields: Any) -> PermissionRule:
    """Change fields of a rule. Raises RuleNotFound, RuleRefused, RuleExists, AdminOnly."""
    require_admin()
    row = find_rule(uid=uid, locked=True)
    before = state(row)
    for name, value in fields.items():
        setattr(row, name, value)
    if state(row) != before:
        is_switched_off = state(row) == {**before, "is_enabled": False}
        _save(row, is_checked=not is_switched_off)  # what was kept before there was a check can be ended
        _record(row, "changed", before)
    return row


@transaction.atomic
def delete_rule(*, uid: str) -> None:
    """Remove a rule. Raises RuleNotFound, AdminOnly."""
    require_admin()
    row = find_rule(uid=uid, locked=True)
    before = state(row)
    row.delete()
    _event(str(row.uid), "deleted", before, None)


@transaction.atomic
def import_rules(*, rules: Sequence[Rule], source: str, replace_source: bool = False) -> Imported:
    """Keep those rules that are not there yet; all or none. With `replace_source`, the rest of that source goes.

    Raises RuleRefused naming the first that is wrong, AdminOnly.
    """
    require_admin()
    known = {_identity(row): row for row in PermissionRule.objects.locked()}
    done = Imported()
    wanted = set()
    already = 0
    for index, rule in enumerate(rules):
        row = PermissionRule(**rule.as_dict(), source=source)
        wanted.add(_identity(row))
        if _identity(row) in known:
            already += 1
            continue
        _save(row, where=f"rules[{index}].")
        _record(row, "created", None)
        known[_identity(row)] = row
        done.created.append(row)
    stale = [row for identity, row in known.items() if row.source == source and identity not in wanted]
    for row in stale if replace_source else []:
        delete_rule(uid=str(row.uid))
    return replace(done, known=already, removed=len(stale) if replace_source else 0)


def load_defaults() -> Imported:
    """Keep the shipped rules that are not there yet. One that was deleted comes back, one that was changed stays.

    Where the packs decide these are there, and nothing is kept.
    """
    from audit.permissions.defaults import RULES

    require_admin()
    if packs_decide():
        return Imported(known=len(deciding_packs()))
    return import_rules(rules=RULES, source=SHIPPED)


def remove_shipped() -> int:
    """Remove the shipped rules that nobody changed, in whose place the packs decide; returns how many."""
    from audit.permissions.defaults import RULES

    shipped = {_identity(row): state(row) for row in (PermissionRule(**rule.as_dict()) for rule in RULES)}
    unedited = [
        row
        for row in PermissionRule.objects.locked().filter(source=SHIPPED)
        if shipped.get(_identity(row)) == state(row)
    ]
    for row in unedited:
        delete_rule(uid=str(row.uid))
    return len(unedited)


def state(row: PermissionRule) -> dict[str, Any]:
    """What the trail keeps of a rule."""
    return {name: getattr(row, name) for name in _FIELDS}


def compile_rules() -> None:
    """Write the rules for the hooks of this machine; without the file they ask the database."""
    if not settings.DATA_DIR.is_dir():
        return  # a database elsewhere, asked from a place with no installation: a hook makes none
    place = Path(compiled.folder(settings.DATA_DIR))
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (place / "rules.lock").open("w") as lock:
            # Whoever writes last has read last.
            fcntl.flock(lock, fcntl.LOCK_EX)
            compiled.write(settings.DATA_DIR, compiled.source_of(settings.DATABASE_URL), load_held())
    except OSError as error:
        logger.warning("The compiled rules cannot be written: %s", error.strerror)
        compiled.forget(settings.DATA_DIR)


def require_admin() -> None:
    if caller().scope != "admin":
        raise AdminOnly("Changing rules needs a key of scope admin: whoever is bound by them must not loosen them.")


def checked(rule: Rule, where: str = "") -> Rule:
    """The rule, once it and its examples are sound. Raises RuleRefused naming the field under `where`."""
    try:
        check(rule)
    except InvalidRule as error:
        raise RuleRefused(error, where) from error
    return rule


def _save(row: PermissionRule, where: str = "", *, is_checked: bool = True) -> None:
    if is_checked:
        checked(as_rule(row), where)
    if not row.created_at and PermissionRule.objects.count() >= MAX_RULES:
        raise DomainError(f"There are {MAX_RULES:,} rules already. Remove some first.")
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise RuleExists(
            f"There is a rule {row.decision} {row.text} for this agent already. Change that one."
        ) from error


def _identity(row: PermissionRule) -> tuple[str, str, str, str]:
    return row.agent, row.tool, row.specifier, row.decision


def _record(row: PermissionRule, change: str, before: dict[str, Any] | None) -> None:
    _event(str(row.uid), change, before, state(row))


def _event(uid: str, change: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    trail.record(event_type=f"rule.{change}", entity_type=ENTITY, entity_id=uid, old_value=before, new_value=after)
    compile_after_commit()


def compile_after_commit() -> None:
    """Once for a transaction, however many rules it changes: compiling after each took nine tenths of an import."""
    if not any(function is compile_rules for _, function, _ in transaction.get_connection().run_on_commit):
        transaction.on_commit(compile_rules)


class RuleAdapter:
    """Makes rules restorable in place."""

    def read(self, entity_id: str) -> Any:
        row = PermissionRule.objects.locked().filter(uid=checked_uid(entity_id)).first()
        return state(row) if row else None

    def write(self, entity_id: str, state: Any) -> None:
        require_admin()
        row = PermissionRule.objects.filter(uid=checked_uid(entity_id)).first()
        if state is None:
            if row:
                row.delete()
        else:
            row = row or PermissionRule(uid=checked_uid(entity_id))
            for name in _FIELDS:
                setattr(row, name, state[name])
            _save(row)
        compile_after_commit()


def checked_uid(entity_id: str) -> str:
    """The uid, if it can be one of a row. Raises RuleNotFound."""
    if not is_uuid(entity_id):
        raise RuleNotFound(f"{entity_id[:64]} is not the uid of a rule.")
    return entity_id
