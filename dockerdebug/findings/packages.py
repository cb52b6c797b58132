"""Faults among the installed packages, judged on our side with the container's own markers."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from packaging.markers import InvalidMarker, UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from dockerdebug import commands
from dockerdebug.facts import Distribution, Facts, PythonFacts
from dockerdebug.findings.install import installing
from dockerdebug.findings.registry import Case, rule

CHECK = "installed_packages"


def effective(python: PythonFacts) -> dict[str, Distribution]:
    """By normalised name the distribution that is imported: the first on the path."""
    found: dict[str, Distribution] = {}
    for item in python.distributions or ():
        found.setdefault(item.key, item)
    return found


def needs(python: PythonFacts) -> Iterator[tuple[Distribution, Requirement]]:
    """What every installed distribution requires here, extras that somebody asks for included."""
    installed = effective(python)
    waiting = [(item, "") for item in installed.values()]
    seen = set()
    while waiting:
        item, extra = waiting.pop()
        if (item.key, extra) in seen:
            continue
        seen.add((item.key, extra))
        for text in item.requires:
            requirement = _applying(text, python.markers, extra)
            if requirement is None:
                continue
            yield item, requirement
            other = installed.get(canonicalize_name(requirement.name))
            waiting += [(other, wanted) for wanted in requirement.extras] if other else []


def _applying(text: str, markers: Mapping[str, str], extra: str) -> Requirement | None:
    """The requirement if it applies to this interpreter, and for an extra only what the extra adds."""
    try:
        requirement = Requirement(text)
        if requirement.marker is None:
            return None if extra else requirement
        if not requirement.marker.evaluate({**markers, "extra": extra}):
            return None
        if extra and requirement.marker.evaluate({**markers, "extra": ""}):
            return None
    except (
        InvalidRequirement,
        InvalidMarker,
        UndefinedComparison,
        UndefinedEnvironmentName,
        InvalidVersion,
        ValueError,
    ):
        return None
    return requirement


@rule(severity="error", rank=14, check=CHECK)
def dependency_missing(facts: Facts) -> Iterator[Case]:
    """An installed package requires one that is not installed."""
    python = facts.python
    if python is None:
        return
    installed = effective(python)
    for item, requirement in needs(python):
        if canonicalize_name(requirement.name) not in installed:
            yield Case(
                evidence=f"{item.name} {item.version} requires {requirement.name}{requirement.specifier}, which is not "
                f"installed ({item.path or 'its metadata'})",
                cause=f"{requirement.name} was removed, or {item.name} was installed with --no-deps.",
                fix=installing(facts, _wanted(requirement)),
                verify=_version_of(facts, requirement.name),
            )


def _wanted(requirement: Requirement) -> str:
    """The requirement as pip takes it, without its marker, and from where its own line says."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    source = f" @ {requirement.url}" if requirement.url else str(requirement.specifier)
    return f"{requirement.name}{extras}{source}"


def _version_of(facts: Facts, name: str) -> str:
    """Which version of a distribution the found interpreter sees; an error when it sees none."""
    return commands.python(facts, f"import importlib.metadata as m; print(m.version({name!r}))")


def satisfiable(specifiers: SpecifierSet) -> bool:
    """Whether some version meets them all. Only bounds matter, so the versions at and beside each are tried."""
    bounds = [version for item in specifiers if (version := _version(item.version.removesuffix(".*"))) is not None]
    tried = [Version("0"), Version("99999")]
    for bound in bounds:
        release = list(bound.release)
        tried += [
            bound,
            Version(f"{bound.public}.1") if not bound.is_postrelease and not bound.is_prerelease else bound,
        ]
        for place in range(len(release)):
            tried.append(Version(".".join(map(str, [*release[:place], release[place] + 1]))))
            if release[place]:
                tried.append(Version(".".join(map(str, [*release[:place], release[place] - 1, 99999]))))
    return not bounds or any(specifiers.contains(version, prereleases=True) for version in tried)


@rule(severity="error", rank=14, check=CHECK)
def dependency_conflict(facts: Facts) -> Iterator[Case]:
    """An installed package requires another version than the one installed."""
    python = facts.python
    if python is None:
        return
    installed = effective(python)
    wanted: dict[str, list[tuple[Distribution, Requirement]]] = defaultdict(list)
    for item, requirement in needs(python):
        wanted[canonicalize_name(requirement.name)].append((item, requirement))
    for name, requirements in wanted.items():
        found = installed.get(name)
        version = _version(found.version) if found else None
        if found is None or version is None:
            continue
        for item, requirement in requirements:
            if not requirement.specifier.contains(version, prereleases=True):
                all_of_them = ",".join(sorted({str(r.specifier) for _, r in requirements if str(r.specifier)}))
                agree = satisfiable(SpecifierSet(all_of_them))
                who = ", ".join(sorted({f"{i.name} wants {r.specifier or 'any'}" for i, r in requirements}))
                yield Case(
                    evidence=f"{item.name} {item.version} requires {requirement.name}{requirement.specifier}, but "
                    f"{found.name} {found.version} is installed",
                    cause=f"The versions were not resolved together. Of {found.name}: {who}.",
                    fix=installing(facts, f"{requirement.name}{all_of_them}")
                    if agree
                    else f"No version of {requirement.name} meets them all: take another version of one of these that "
                    "wants it, and let one pip install resolve all of them together.",
                    verify=_satisfies(facts, requirement.name, all_of_them, agree),
                )


def _satisfies(facts: Facts, name: str, specifiers: str, agree: bool) -> str:
    """That the installed version meets the requirements, by pip's own copy of `packaging` where there is one."""
    if not (agree and facts.python and facts.python.has_pip):
        return _version_of(facts, name)
    return commands.python(
        facts,
        "import sys, importlib.metadata as m; from pip._vendor.packaging.specifiers import SpecifierSet; "
        f"sys.exit(m.version({name!r}) not in SpecifierSet({specifiers!r}))",
    )


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


@rule(severity="warning", rank=18, check=CHECK)
def python_unsupported(facts: Facts) -> Iterator[Case]:
    """A package is not made for this version of Python."""
    python = facts.python
    if python is None:
        return
    full = python.markers.get("python_full_version", python.version)
    for item in effective(python).values():
        try:
            fits = SpecifierSet(item.requires_python).contains(full, prereleases=True)
        except (InvalidSpecifier, InvalidVersion):
            continue
        if not fits:
            yield Case(
                evidence=f"{item.name} {item.version} says Requires-Python: {item.requires_python}; this is "
                f"{python.version}",
                cause="The package was installed for another Python and copied, or installed with "
                "--ignore-requires-python.",
                fix=f"Require a version of {item.name} that is made for Python {python.minor}, or run Python "
                f"{item.requires_python}; install it in the image rather than copying it.",
                verify=commands.python(
                    facts,
                    f"import importlib.metadata as m; print(m.metadata({item.name!r})['Requires-Python'])",
                ),
            )


@rule(severity="error", rank=17, check=CHECK)
def wheel_wrong_platform(facts: Facts) -> Iterator[Case]:
    """A package's native code is built for another platform or Python."""
    python = facts.python
    for item in effective(python).values() if python else ():
        if item.tags and python and not any(_fits(tag, python) for tag in item.tags):
            yield Case(
                evidence=f"{item.name} {item.version} is a wheel for {', '.join(item.tags[:3])}; this is Python "
                f"{python.version} on {python.markers.get('sys_platform')} {python.markers.get('platform_machine')}",
                cause="The package was installed on another machine, or with --platform, and copied here.",
                fix="Install it in the image rather than copying it: "
                + installing(facts, "--force-reinstall", "--no-cache-dir", f"{item.name}=={item.version}"),
                verify=commands.python(
                    facts, f"import importlib.metadata as m; print(m.distribution({item.name!r}).read_text('WHEEL'))"
                ),
            )


def _fits(tag: str, python: PythonFacts) -> bool:
    """Whether a wheel tag (PEP 425) can run here; in doubt yes."""
    parts = tag.split("-")
    if len(parts) != 3:
        return True
    interpreter, abi, platform = parts
    machine, system = python.markers.get("platform_machine", ""), python.markers.get("sys_platform", "linux")
    if platform != "any":
        if system == "linux" and not platform.startswith(("linux", "manylinux", "musllinux")):
            return False
        named = re.search(r"_(x86_64|aarch64|i686|armv7l|ppc64le|s390x|riscv64|arm64|amd64)$", platform)
        same = {"arm64": "aarch64", "amd64": "x86_64"}
        if named and machine and same.get(named[1], named[1]) != same.get(machine.lower(), machine):
            return False
    native = re.fullmatch(r"cp(\d)(\d+)t?", interpreter)
    if not native or abi == "none":
        return True
    major, minor = int(native[1]), int(native[2])
    own = tuple(int(part) for part in python.minor.split("."))
    return (major, minor) <= own if abi == "abi3" else (major, minor) == own


@rule(severity="warning", rank=33, check=CHECK)
def duplicate_distribution(facts: Facts) -> Iterator[Case]:
    """Two versions of one package lie in one directory."""
    found: dict[tuple[str, str], list[Distribution]] = defaultdict(list)
    for item in (facts.python.distributions or ()) if facts.python else ():
        found[posixpath.dirname(item.path), item.key].append(item)
    for (directory, _), items in found.items():
        versions = sorted({item.version for item in items})
        if len(versions) > 1:
            yield Case(
                evidence=f"{directory} has {items[0].name} in the versions {' and '.join(versions)}",
                cause="An installation was interrupted, or two were copied over each other; which files win is chance.",
                fix=f"Install into an empty directory when the image is built; in place: {_uninstall(facts, items[0])} "
                "until it says that it is not installed, then install the wanted version.",
                verify=commands.python(
                    facts,
                    "import re, sys, importlib.metadata as m; n = lambda t: re.sub('[-_.]+', '-', t or '').lower(); "
                    f"sys.exit(sum(n(d.metadata['Name']) == {items[0].key!r} for d in "
                    f"m.distributions(path=[{directory!r}])) > 1)",
                ),
            )


def _uninstall(facts: Facts, item: Distribution) -> str:
    return commands.module(facts, "pip", "uninstall", "-y", item.name)


@rule(severity="warning", rank=33, check=CHECK)
def invalid_distribution(facts: Facts) -> Iterator[Case]:
    """What is left of an interrupted installation."""
    paths = facts.python.invalid if facts.python else ()
    leftovers = [path for path in paths if posixpath.basename(path).startswith("~")]
    nameless = [path for path in paths if path not in leftovers]
    if leftovers:
        yield Case(
            evidence=f"{_some(leftovers)}: pip renames to this before it removes",
            cause="pip was interrupted while it removed or replaced a package, which may be missing since.",
            fix="Install the package again that the rest of the name tells (pip renames the first letter), or build "
            "the image again with a pip that runs to its end.",
            verify=commands.python(facts, f"import os, sys; sys.exit(any(map(os.path.lexists, {leftovers[:3]!r})))"),
        )
    if nameless:
        yield Case(
            evidence=f"{_some(nameless)}: its metadata was read and has no name or no version",
            cause="The installation was interrupted, or a copy was incomplete.",
            fix="Install the package again from where it came, when the image is built; copy site-packages whole.",
            verify=commands.python(
                facts,
                "import os, sys; lines = lambda p: open(next(filter(os.path.isfile, "
                "(p + '/METADATA', p + '/PKG-INFO', p)))); "
                f"sys.exit(not all(any(l.startswith('Name:') for l in lines(p)) for p in {nameless[:3]!r}))",
            ),
        )


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
