"""Faults of environment variables, pip's configuration and what they point at."""

import configparser
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from config.secrets import is_secret_name
from dockerdebug.archive import is_python
from dockerdebug.facts import Facts
from dockerdebug.findings.registry import Case, rule
from dockerdebug.redaction import looks_secret

LOOPBACK = ("localhost", "127.0.0.1", "::1")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@rule(severity="info", rank=71, check="environment_variables")
def stdout_buffered(facts: Facts) -> Iterator[Case]:
    """What the program prints reaches the log late or never."""
    container = facts.container
    if not container or container.tty or container.state != "running":
        return
    pid1 = facts.python.pid1 if facts.python and facts.python.pid1 else container.command
    if not pid1 or not is_python(pid1[0]) or any(re.fullmatch(r"-[A-Za-z]*u[A-Za-z]*", word) for word in pid1[1:4]):
        return
    if not facts.environment.get("PYTHONUNBUFFERED"):
        yield Case(
            evidence=f"PID 1 is {pid1[0]} without -u, PYTHONUNBUFFERED is not set, and there is no terminal",
            cause="Python keeps up to 8 KiB of output back when it writes to a pipe; a killed program loses it.",
            fix="ENV PYTHONUNBUFFERED=1",
            verify=f"docker logs {facts.target} shows a line as soon as it is printed",
        )


@rule(severity="info", rank=72, check="environment_variables")
def secret_in_env(facts: Facts) -> Iterator[Case]:
    """Secrets are readable by everyone who may inspect the container."""
    configured = facts.container.environment if facts.container else {}
    names = sorted(n for n, v in configured.items() if v and (is_secret_name(n) or looks_secret(v)))
    names = [name for name in names if not name.startswith("PYTHON") and name != "GPG_KEY"]
    if names:
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        yield Case(
            evidence=f"Config.Env sets {shown}",
            cause="Environment variables are shown by docker inspect, inherited by every child and end in crash "
            "reports.",
            fix="Mount them as files: docker run --mount type=bind,src=...,dst=/run/secrets/NAME,readonly, and read "
            "NAME_FILE",
            verify=f"docker inspect -f '{{{{.Config.Env}}}}' {facts.target} names none of them",
        )


@rule(severity="warning", rank=29, check="environment_variables")
def locale_not_utf8(facts: Facts) -> Iterator[Case]:
    """Python's output cannot carry every character."""
    startup = facts.python.startup if facts.python else None
    if startup and startup.ok and startup.stdout and startup.stdout.lower().replace("-", "") != "utf8":
        shown = {
            name: facts.environment[name]
            for name in ("LANG", "LC_ALL", "PYTHONIOENCODING")
            if name in facts.environment
        }
        yield Case(
            evidence=f"stdout's encoding is {startup.stdout}; {shown or 'LANG and LC_ALL are not set'}",
            cause="The locale is not UTF-8: printing other characters ends with UnicodeEncodeError.",
            fix="ENV LANG=C.UTF-8",
            verify=facts.shell("python -c 'import sys; print(sys.stdout.encoding)'"),
        )


@rule(severity="error", rank=22, check="environment_variables")
def ca_certs_missing(facts: Facts) -> Iterator[Case]:
    """A variable names a certificate bundle that is not there."""
    for name, path in (facts.python.missing_places if facts.python else {}).items():
        if name != "PYTHONHOME":
            yield Case(
                evidence=f"{name} is {path}, which is not there",
                cause="Every HTTPS request fails with CERTIFICATE_VERIFY_FAILED or FileNotFoundError.",
                fix=f"RUN apt-get install -y ca-certificates and ENV {name}=/etc/ssl/certs/ca-certificates.crt, "
                f"or remove it",
                verify=facts.shell(f"ls {path}"),
            )


@rule(severity="warning", rank=31, check="environment_variables")
def proxy_loopback(facts: Facts) -> Iterator[Case]:
    """The proxy is at an address that means the container itself."""
    if not facts.container or facts.container.network_mode == "host":
        return
    for name in PROXIES:
        value = facts.environment.get(name, "")
        if value and _host(value) in LOOPBACK:
            yield Case(
                evidence=f"{name} is {value}",
                cause="Inside a container 127.0.0.1 is the container, where no proxy listens.",
                fix=f"-e {name}=http://host.docker.internal:PORT --add-host host.docker.internal:host-gateway",
                verify=facts.shell('python -c "import urllib.request as u; print(u.getproxies())"'),
            )


def _host(url: str) -> str:
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""


@rule(severity="warning", rank=32, check="pip_config")
def pip_index_insecure(facts: Facts) -> Iterator[Case]:
    """pip fetches packages without verifying where they come from."""
    for where, option, value in _pip_settings(facts):
        for url in value.split() if option in ("index-url", "extra-index-url", "find-links") else ():
            if url.startswith("http://") and _host(url) not in LOOPBACK:
                yield Case(
                    evidence=f"{where}: {option} = {url}",
                    cause="Packages come over plain HTTP: whoever sits between may replace them.",
                    fix=f"pip config set global.{option} {url.replace('http://', 'https://', 1)}",
                    verify=facts.shell("python -m pip config list"),
                )
        if option == "trusted-host" and value.strip():
            yield Case(
                evidence=f"{where}: trusted-host = {' '.join(value.split())}",
                cause="pip does not verify this host's certificate.",
                fix="Give pip the authority that signed it instead: pip config set global.cert /etc/ssl/certs/own.pem",
                verify=facts.shell("python -m pip config list"),
            )


def _pip_settings(facts: Facts) -> Iterator[tuple[str, str, str]]:
    """(where, option, value) of pip's files and variables."""
    for name, value in facts.environment.items():
        if name.startswith("PIP_"):
            yield name, name[4:].lower().replace("_", "-"), value
    for file in (facts.python.pip_files or ()) if facts.python else ():
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(file.content)
        except configparser.Error:
            continue
        for section in parser.sections():
            for option, value in parser.items(section):
                yield f"{file.path} [{section}]", option.replace("_", "-"), value


@rule(severity="warning", rank=27)
def tmp_not_writable(facts: Facts) -> Iterator[Case]:
    """The directory for temporary files cannot be written."""
    python = facts.python
    if python and python.temporary and not python.temporary_writable:
        yield Case(
            evidence=f"{python.temporary} cannot be written by the container's user",
            cause="The root file system is read-only, or the directory belongs to another user.",
            fix=f"docker run --tmpfs {python.temporary} ... (compose: tmpfs: [{python.temporary}])",
            verify=facts.shell(f"touch {python.temporary}/x"),
        )
