"""The seven checks: each says whether it passed, the value seen, and the details behind it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from config.errors import DomainError, FieldError
from dockerdebug.facts import Facts, PythonFacts, shorten
from dockerdebug.findings import Finding, judge
from dockerdebug.redaction import Redactor

MAX_LISTED = 1000
Status = Literal["passed", "failed", "not_run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check's outcome. A check that could not run has not passed, and its result says why."""

    name: str
    passed: bool
    status: Status
    result: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a diagnosis says."""

    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> int:
        return sum(check.passed for check in self.checks)

    @property
    def failed(self) -> int:
        """Every check that did not pass, those that could not run included."""
        return len(self.checks) - self.passed

    @property
    def not_run(self) -> int:
        return sum(check.status == "not_run" for check in self.checks)

    @property
    def has_faults(self) -> bool:
        """Whether anything needs attention; information alone does not."""
        return any(finding.severity != "info" for finding in self.findings) or self.failed > 0

    @property
    def summary(self) -> str:
        parts = [f"{self.passed} of {len(self.checks)} checks passed"]
        if self.not_run:
            parts.append(f"{self.not_run} could not run")
        counted = [(severity, sum(f.severity == severity for f in self.findings)) for severity in ("error", "warning")]
        parts += [_count(count, severity) for severity, count in counted if count]
        top = self.findings[0] if self.findings and self.findings[0].severity != "info" else None
        return ", ".join(parts) + (f". {top.key}: {top.cause}" if top else ".")

    def public_checks(self) -> list[dict[str, Any]]:
        return [asdict(check) for check in self.checks]

    def public_findings(self) -> list[dict[str, Any]]:
        return [finding.public() for finding in self.findings]


def examine(facts: Facts, *, check: str = "") -> Report:
    """Judge facts: all checks, or the named one. Raises DomainError for an unknown name."""
    require_check(check)
    findings = judge(facts, check=check)
    redactor = Redactor(facts.environment)
    names = [check] if check else list(CHECKS)
    return Report(checks=tuple(_run(name, facts, findings, redactor) for name in names), findings=tuple(findings))


def require_check(name: str) -> None:
    """Refuse a check there is none of. Raises DomainError naming those there are."""
    if name and name not in CHECKS:
        detail = f"There is no check {shorten(name, 60)!r}. There are {', '.join(CHECKS)}."
        raise DomainError(detail, errors=[FieldError(field="check", code="invalid", detail=detail)])


def _run(name: str, facts: Facts, findings: Sequence[Finding], redactor: Redactor) -> Check:
    seen = CHECKS[name].read(facts, redactor)
    own = [finding.key for finding in findings if finding.check == name and finding.severity != "info"]
    if seen is None:
        reason = redactor.text(f"not run, because {_reason(facts)}")
        return Check(name=name, passed=False, status="not_run", result=reason, details={"findings": own})
    result, details = seen
    details = {**details, "source": "files" if facts.outcome != "ran" else "interpreter", "findings": own}
    return Check(
        name=name,
        passed=not own,
        status="failed" if own else "passed",
        result=shorten(redactor.text(result)),
        details=redactor.value(details),
    )


def _reason(facts: Facts) -> str:
    if facts.problem is not None:
        cause = facts.problem.cause.partition(": ")[0].rstrip(".")
        return cause[0].lower() + cause[1:]
    return facts.why_not or "nothing could be read"


Seen = tuple[str, dict[str, Any]]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def python_version(facts: Facts, redactor: Redactor) -> Seen | None:
    """Which Python runs."""
    python = facts.python
    if python is None or not python.version:
        return None
    final = "" if python.release == "final" else f" {python.release}"
    return f"{python.version}{final} ({python.implementation})", {
        "version": python.version,
        "release": python.release,
        "implementation": python.implementation,
        "machine": python.markers.get("platform_machine", ""),
    }


def python_path(facts: Facts, redactor: Redactor) -> Seen | None:
    """Where the interpreter is, and what PATH finds under the usual names."""
    python = facts.python
    if python is None:
        return None
    return python.executable, {
        "executable": python.executable,
        "realpath": python.realpath,
        "on_path": dict(python.named),
        "pip": python.pip,
        "pip_interpreter": python.pip_interpreter,
        "tried": list(facts.tried),
        "path": [part for part in facts.environment.get("PATH", "").split(":") if part],
    }


def installed_packages(facts: Facts, redactor: Redactor) -> Seen | None:
    """What is installed, from the packages' own metadata."""
    python = facts.python
    if python is None or python.distributions is None:
        return None
    listed = sorted(python.distributions, key=lambda item: (item.key, item.path))
    packages = [{"name": item.name, "version": item.version, "path": item.path} for item in listed]
    return _count(len(packages), "package"), {
        "count": len(packages),
        "packages": packages[:MAX_LISTED],
        "invalid": list(python.invalid)[:100],
    }


def environment_variables(facts: Facts, redactor: Redactor) -> Seen | None:
    """The names of all variables, and the values of those that hold no secret."""
    if facts.is_container and facts.container is None:
        return None
    shown = redactor.variables(facts.environment)
    hidden = sum(value.startswith("<set, ") for value in shown.values())
    return f"{_count(len(shown), 'variable')}, {hidden} of them with a hidden value", {
        "count": len(shown),
        "variables": dict(list(shown.items())[:MAX_LISTED]),
    }


def pip_config(facts: Facts, redactor: Redactor) -> Seen | None:
    """pip's configuration files and variables."""
    python = facts.python
    if python is None or python.pip_files is None:
        return None
    variables = {name: value for name, value in facts.environment.items() if name.startswith("PIP_")}
    files = [{"path": file.path, "lines": _settings(file.content)} for file in python.pip_files]
    return f"{_count(len(files), 'file')}, {_count(len(variables), 'PIP_ variable')}", {
        "files": files,
        "variables": redactor.variables(variables),
        "externally_managed": python.externally_managed,
    }


def _settings(content: str) -> list[str]:
    lines = [line.strip() for line in content.splitlines()]
    return [line for line in lines if line and not line.startswith(("#", ";"))][:100]


def sys_path(facts: Facts, redactor: Redactor) -> Seen | None:
    """Where imports come from, as the application's Python sees it."""
    python = facts.python
    if python is None or python.path is None:
        return None
    missing = sum(not entry.exists for entry in python.path if not entry.path.endswith(".zip"))
    return f"{_count(len(python.path), 'place')}, {missing} of them missing", {
        "entries": [asdict(entry) for entry in python.path],
        "shadows": [{"module": name, "path": path} for name, path in python.shadows],
        "startup": _startup(python),
    }


def _startup(python: PythonFacts) -> str:
    startup = python.startup
    if startup is None:
        return "unknown"
    if startup.timed_out:
        return "hangs"
    return "starts" if startup.ok else f"fails with status {startup.status}"


def venv_status(facts: Facts, redactor: Redactor) -> Seen | None:
    """Whether a virtual environment is active, and whether it is whole."""
    python = facts.python
    if python is None:
        return None
    venv = python.venv
    if venv:
        result = f"active: {venv.root}"
    elif python.virtual_env:
        result = f"not active, though VIRTUAL_ENV is {python.virtual_env}"
    else:
        result = "no virtual environment"
    return result, {
        "active": venv is not None,
        "root": venv.root if venv else "",
        "home": venv.home if venv else "",
        "made_with": venv.version if venv else "",
        "virtual_env": python.virtual_env,
        "others": [other.root for other in python.venvs_about if not venv or other.root != venv.root],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A check before it ran."""

    read: Callable[[Facts, Redactor], Seen | None]

    @property
    def title(self) -> str:
        return (self.read.__doc__ or "").strip().rstrip(".")


CHECKS: dict[str, Definition] = {
    function.__name__: Definition(read=function)
    for function in (
        python_version,
        python_path,
        installed_packages,
        environment_variables,
        pip_config,
        sys_path,
        venv_status,
    )
}
