"""What differs between two diagnosed environments: Python, packages, variables, search path, findings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from packaging.utils import canonicalize_name

from config.errors import Conflict
from dockerdebug.models import Diagnosis


class NotComparable(Conflict):
    code = "not-comparable"
    remedy = "compare diagnoses that ran to their end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something the two sides do not share; an absent side is None."""

    name: str
    kind: Literal["added", "removed", "changed"]
    left: str | None
    right: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Left beside right; `added` means only the right has it."""

    left: Diagnosis
    right: Diagnosis
    python: tuple[Difference, ...]
    packages: tuple[Difference, ...]
    variables: tuple[Difference, ...]
    path: tuple[Difference, ...]
    findings: tuple[Difference, ...]
    not_compared: tuple[str, ...]
    """Checks that did not run on one of the sides."""

    @property
    def same(self) -> bool:
        parts = (self.python, self.packages, self.variables, self.path, self.findings)
        return not any(parts) and not self.not_compared


# What the engine, a shell or the image's build sets anew for each container, or for each release of Python, which is
# compared by itself. They say nothing of how the environment was meant.
NOT_COUNTED = frozenset(
    {
        "HOSTNAME",
        "HOME",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "TERM",
        "_",
        "container",
        "GPG_KEY",
        "PYTHON_SHA256",
        "PYTHON_GET_PIP_SHA256",
        "PYTHON_GET_PIP_URL",
    }
)
SIDES = {
    "python_version": "python",
    "installed_packages": "packages",
    "environment_variables": "variables",
    "sys_path": "path",
}


def compare(*, left: Diagnosis, right: Diagnosis) -> Comparison:
    """Compare two finished diagnoses. Raises NotComparable when one is not finished."""
    for diagnosis in (left, right):
        if diagnosis.status != Diagnosis.Status.FINISHED:
            detail = f"Diagnosis {diagnosis.pk} is {diagnosis.status}. Wait until it is finished, or diagnose again."
            raise NotComparable(detail)
    differences = {name: _differ(_values(left, check), _values(right, check)) for check, name in SIDES.items()}
    return Comparison(
        left=left,
        right=right,
        **differences,
        findings=_differ(_finding_values(left), _finding_values(right)),
        not_compared=tuple(check for check in SIDES if not (_ran(left, check) and _ran(right, check))),
    )


def _ran(diagnosis: Diagnosis, check: str) -> bool:
    return diagnosis.details(check) is not None


def _values(diagnosis: Diagnosis, check: str) -> dict[str, str] | None:
    """What a check saw, as names with a value each."""
    details = diagnosis.details(check)
    if details is None:
        return None
    match check:
        case "python_version":
            return {name: str(details[name]) for name in ("version", "implementation", "machine")}
        case "installed_packages":
            return {canonicalize_name(item["name"]): item["version"] for item in reversed(details["packages"])}
        case "environment_variables":
            return {name: value for name, value in details["variables"].items() if name not in NOT_COUNTED}
    return {entry["path"]: "there" if entry["exists"] else "missing" for entry in details["entries"]}


def _finding_values(diagnosis: Diagnosis) -> dict[str, str]:
    return {finding["key"]: finding["severity"] for finding in reversed(diagnosis.findings)}


def _differ(left: Mapping[str, str] | None, right: Mapping[str, str] | None) -> tuple[Difference, ...]:
    if left is None or right is None:
        return ()
    found = []
    for name in sorted({*left, *right}):
        old, new = left.get(name), right.get(name)
        if old != new:
            kind: Literal["added", "removed", "changed"] = (
                "added" if old is None else "removed" if new is None else "changed"
            )
            found.append(Difference(name=name, kind=kind, left=old, right=new))
    return tuple(found)
