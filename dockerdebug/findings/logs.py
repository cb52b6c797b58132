"""Faults the container's log names. Only the program's own last failure counts, never a line that quotes one."""

import re
from collections.abc import Iterator

from dockerdebug import commands
from dockerdebug.facts import Access, ContainerFacts, Facts, shorten
from dockerdebug.findings.modules import is_own_failure, log_severity
from dockerdebug.findings.registry import Advice, Case, rule
from dockerdebug.tracebacks import Raised, last_failure, missing_library

DEBIAN_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libpq.so.5": "libpq5",
    "libgomp.so.1": "libgomp1",
    "libmagic.so.1": "libmagic1",
    "libxml2.so.2": "libxml2",
    "libxslt.so.1": "libxslt1.1",
    "libmariadb.so.3": "libmariadb3",
    "libodbc.so.2": "libodbc2",
    "libSM.so.6": "libsm6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libcairo.so.2": "libcairo2",
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libsndfile.so.1": "libsndfile1",
    "libffi.so.8": "libffi8",
    "libstdc++.so.6": "libstdc++6",
}
ALPINE_LIBRARIES = {
    "libGL.so.1": "mesa-gl",
    "libEGL.so.1": "mesa-egl",
    "libglib-2.0.so.0": "glib",
    "libgthread-2.0.so.0": "glib",
    "libpq.so.5": "libpq",
    "libgomp.so.1": "libgomp",
    "libmagic.so.1": "libmagic",
    "libxml2.so.2": "libxml2",
    "libxslt.so.1": "libxslt",
    "libmariadb.so.3": "mariadb-connector-c",
    "libodbc.so.2": "unixodbc",
    "libSM.so.6": "libsm",
    "libXext.so.6": "libxext",
    "libXrender.so.1": "libxrender",
    "libcairo.so.2": "cairo",
    "libpango-1.0.so.0": "pango",
    "libsndfile.so.1": "libsndfile",
    "libffi.so.8": "libffi",
    "libstdc++.so.6": "libstdc++",
}
# The loader's own words, when the program did not even start.
LOADER = re.compile(
    r"(?:\S{1,300}: )?error while loading shared libraries: (lib[\w.+-]{1,80}): cannot open shared object"
)
# Directories whose owner is no business of an application.
SYSTEM = re.compile(r"/(?:(?:proc|sys|dev|etc|usr|bin|sbin|lib|lib64|boot|root|run)(?:/|$)|\w*$|var/\w+$)")


def _own(facts: Facts) -> tuple[Raised, ...]:
    return last_failure(facts.logs) if is_own_failure(facts) else ()


def installing_library(system: str, name: str) -> str:
    """The line of a Dockerfile that brings a shared library to this distribution, or how to find one."""
    if system in ("debian", "ubuntu") and name in DEBIAN_LIBRARIES:
        package = DEBIAN_LIBRARIES[name]
        return (
            f"RUN apt-get update && apt-get install -y --no-install-recommends {package} && rm -rf /var/lib/apt/lists/*"
        )
    if system == "alpine" and name in ALPINE_LIBRARIES:
        return f"RUN apk add --no-cache {ALPINE_LIBRARIES[name]}"
    search = {"debian": "apt-file search", "ubuntu": "apt-file search", "alpine": "apk search -x so:"}.get(system)
    names_it = f" (`{search} {name}` names it)" if search and system != "alpine" else ""
    return f"Install the package of this image's distribution that has {name}{names_it}."


@rule(severity="error", rank=5, check="installed_packages")
def shared_library_missing(facts: Facts) -> Iterator[Case]:
    """A package's native code needs a system library that the image lacks."""
    raised = next((item for item in reversed(_own(facts)) if missing_library(item)), None)
    if raised is not None:
        yield _library(facts, missing_library(raised))
        return
    container = facts.container
    last = next((line for line in reversed(facts.logs.splitlines()) if line.strip()), "")[:1000]
    if (said := LOADER.fullmatch(last.split(" file:")[0])) and container and container.exit_code == 127:
        yield _library(facts, said[1])


def _library(facts: Facts, name: str) -> Case:
    evidence = f"log: {name}: cannot open shared object file"
    places = facts.python.search.places.get(name, ()) if facts.python else ()
    verify = commands.python(facts, f"import ctypes; ctypes.CDLL({name!r})")
    if name.startswith("libpython"):
        return Case(
            evidence=evidence,
            cause=f"The interpreter's own library {name} was not copied with it, is not on the loader's path, or "
            "cannot be read by the container's user.",
            fix=f"Copy {name} with the interpreter to /usr/local/lib and RUN ldconfig",
            verify=commands.run(facts, facts.interpreter, "--version"),
            severity=log_severity(facts),
        )
    if places:
        directory = places[0].rpartition("/")[0]
        return Case(
            evidence=f"{evidence}; it lies at {', '.join(places[:3])}",
            cause=f"{name} is in the image, at a place where the loader does not look.",
            fix=f"ENV LD_LIBRARY_PATH={directory} (or name the directory in /etc/ld.so.conf.d and RUN ldconfig)",
            verify=verify,
            severity=log_severity(facts),
        )
    return Case(
        evidence=evidence,
        cause=f"A package with native code needs {name}, which this image does not have.",
        fix=installing_library(facts.python.system if facts.python else "", name),
        verify=verify,
        severity=log_severity(facts),
    )


@rule(severity="error", rank=19)
def file_permission(facts: Facts) -> Iterator[Case]:
    """The container's user may not open a file it needs."""
    denied = [found[1] for raised in _own(facts) if (found := _denied(raised))]
    container = facts.container
    if not denied or container is None:
        return
    path = denied[-1]
    access = (facts.python.search.files.get(path) if facts.python else None) or Access(readable=False, writable=False)
    if access.readable and access.writable:
        return  # it may now
    wanted = "os.R_OK" if access.exists and not access.readable else "os.W_OK"
    target = path if access.exists else path.rpartition("/")[0] or "/"
    advice = _permission_advice(target, container)
    yield Case(
        evidence=f"log: Permission denied: {shorten(path, 120)}; the container's user is {container.user or 'root'}"
        + (f", the file's owner has uid {access.owner}" if access.owner > 0 else ""),
        cause=advice.cause,
        fix=advice.fix,
        verify=commands.python(facts, f"import os, sys; sys.exit(not os.access({target!r}, {wanted}))"),
        severity=log_severity(facts),
    )


def _denied(raised: Raised) -> "re.Match[str] | None":
    if raised.name != "PermissionError":
        return None
    return re.match(r"\[Errno 13\] Permission denied: '([^'\n]{1,1000})'", raised.message)


def _permission_advice(path: str, container: ContainerFacts) -> Advice:
    """(cause, fix): nothing is advised for a system's own files, or where the owner is not the reason."""
    user, shown = container.user, shorten(path, 120)
    over = next((m for m in container.mounts if path == m[2] or path.startswith(m[2].rstrip("/") + "/")), None)
    if path.endswith("docker.sock"):
        return Advice(
            cause=f"The user {user or 'root'} may not use the engine's socket.",
            fix="Reach the engine through a proxy that allows the few calls that are needed: whoever may use the "
            "socket is root on the host.",
        )
    if user in ("", "0", "root"):
        return Advice(
            cause=f"root was refused {shown}: a capability is missing, a security module says no, or the file system "
            "does not let root in. Its owner is not the reason.",
            fix="With SELinux on the host add :z to the mount; see `docker inspect` for CapDrop and SecurityOpt."
            if over
            else "See `docker inspect` for CapDrop, SecurityOpt and ReadonlyRootfs.",
        )
    if over:
        source = over[1] or "the volume"
        return Advice(
            cause=f"{shown} lies on a {over[0]} mount, whose files keep the owner they have there; {user} is not it.",
            fix=f"Give {source} on the host to the container's user ({user}), or run the container as the owner: "
            "--user UID",
        )
    if SYSTEM.match(path):
        return Advice(
            cause=f"{shown} belongs to the system, and {user} may not use it.",
            fix=f"Let the program use another place, one that belongs to {user}.",
        )
    return Advice(
        cause=f"The user {user} may not open {shown}.",
        fix=f"RUN chown {user} {commands.quoted(path)} before USER {user}, or COPY --chown={user} where it is copied",
    )


@rule(severity="warning", rank=22)
def certificate_verify_failed(facts: Facts) -> Iterator[Case]:
    """A TLS certificate could not be verified."""
    found = [raised for raised in _own(facts) if "CERTIFICATE_VERIFY_FAILED" in raised.message]
    if not found:
        return
    said = found[-1].message
    advice = _certificate_advice(said, facts)
    yield Case(
        evidence=f"log: {shorten(said)}",
        cause=advice.cause,
        fix=advice.fix,
        verify=commands.log_lacks(facts, "CERTIFICATE_VERIFY_FAILED"),
    )


def _certificate_advice(said: str, facts: Facts) -> Advice:
    """(cause, fix) by what OpenSSL said and which bundles are there."""
    python = facts.python
    if "has expired" in said or "not yet valid" in said:
        return Advice(
            cause="The other side's certificate is out of date, or this machine's clock is wrong.",
            fix="Compare `date -u` with the certificate's dates, and renew the certificate where it is served.",
        )
    if "ostname mismatch" in said or "IP address mismatch" in said:
        return Advice(
            cause="The certificate is for another name than the one that was asked for.",
            fix="Ask for the name that the certificate has, or have it made for this one.",
        )
    if python and facts.outcome == "ran" and not python.bundles:
        bring = {"alpine": "apk add --no-cache ca-certificates"}.get(
            python.system, "apt-get update && apt-get install -y --no-install-recommends ca-certificates"
        )
        return Advice(cause="The image has no bundle of certificate authorities.", fix=f"RUN {bring}")
    return Advice(
        cause="The certificate was signed by an authority that the image does not know, or its chain is not sent "
        "whole.",
        fix="For an authority of your own: COPY own.crt /usr/local/share/ca-certificates/, RUN update-ca-certificates; "
        "requests and httpx take theirs from certifi: ENV REQUESTS_CA_BUNDLE, SSL_CERT_FILE.",
    )
