"""Faults of environment variables, pip's configuration and what they point at."""

import configparser
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from config.secrets import is_secret_name
from dockerdebug import commands
from dockerdebug.archive import is_python
from dockerdebug.facts import Facts
from dockerdebug.findings.registry import Advice, Case, rule
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
            verify=commands.variable_is_set(facts, "PYTHONUNBUFFERED"),
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
            verify=commands.variables_lack(facts, f"^({'|'.join(map(re.escape, names[:8]))})=."),
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
            fix=_utf8(facts.environment),
            verify=commands.python(facts, "import sys; sys.exit(sys.stdout.encoding.lower() not in ('utf-8', 'utf8'))"),
        )


def _utf8(environment: Mapping[str, str]) -> str:
    """What makes it UTF-8: the variable that decides now is the one to change."""
    if environment.get("PYTHONIOENCODING"):
        return "Remove ENV PYTHONIOENCODING, or ENV PYTHONIOENCODING=utf-8"
    deciding = next((name for name in ("LC_ALL", "LC_CTYPE") if environment.get(name)), "LANG")
    return f"ENV {deciding}=C.UTF-8"


@rule(severity="error", rank=22, check="environment_variables")
def ca_certs_missing(facts: Facts) -> Iterator[Case]:
    """A variable names a certificate bundle that is not there."""
    for name, path in (facts.python.missing_places if facts.python else {}).items():
        if name != "PYTHONHOME":
            yield Case(
                evidence=f"{name} is {path}, which is not there",
                cause="Every HTTPS request fails with CERTIFICATE_VERIFY_FAILED or FileNotFoundError.",
                fix=_bundle_fix(facts, name),
                verify=commands.python(
                    facts, f"import os, sys; p = os.environ.get({name!r}); sys.exit(bool(p) and not os.path.exists(p))"
                ),
            )


def _bundle_fix(facts: Facts, name: str) -> str:
    bundles = facts.python.bundles if facts.python else ()
    if name == "SSL_CERT_DIR" or not bundles:
        return f"Remove ENV {name}, or COPY what belongs there."
    return f"Remove ENV {name}, or ENV {name}={bundles[0]}, which is there."


@rule(severity="warning", rank=31, check="environment_variables")
def proxy_loopback(facts: Facts) -> Iterator[Case]:
    """The proxy is at an address that means the container itself."""
    container = facts.container
    if not container or container.network_mode.startswith(("host", "container:")):
        return
    listening = facts.python.listening if facts.python else ()
    for name in PROXIES:
        value = facts.environment.get(name, "")
        port = _port(value)
        if facts.outcome == "ran" and value and _host(value) in LOOPBACK and port not in listening:
            yield Case(
                evidence=f"{name} is {value}; nothing listens at port {port} in the container",
                cause="Inside a container 127.0.0.1 is the container itself, not the host.",
                fix=f"If the proxy runs on the host: -e {name}=http://host.docker.internal:{port} "
                "--add-host host.docker.internal:host-gateway; it must listen at more than 127.0.0.1 there.",
                verify=commands.variables_lack(facts, f"^{name}=.*(localhost|127[.]0[.]0[.]1|::1)"),
            )


def _port(url: str) -> int:
    try:
        return urlsplit(url if "//" in url else f"//{url}").port or 80
    except ValueError:
        return 0


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
                    fix=f"Let {where} say {option} = {url.replace('http://', 'https://', 1)}, and have the server "
                    "speak TLS if it does not yet",
                    verify=_setting_lacks(facts, where, f"http://([^/@]*@)?{re.escape(_host(url))}"),
                )
        if option == "trusted-host" and value.strip():
            yield Case(
                evidence=f"{where}: trusted-host = {' '.join(value.split())}",
                cause="pip does not verify this host's certificate.",
                fix=f"Take trusted-host out of {where}; if an authority of your own signed that host's certificate, "
                "let pip know it: cert = the path of its PEM file.",
                verify=_setting_lacks(facts, where, "trusted.host"),
            )


def _setting_lacks(facts: Facts, where: str, pattern: str) -> str:
    """That a setting of pip no longer says something; `where` is a variable, or a file with a section."""
    path, section, _ = where.partition(" [")
    if not section:
        insecure = "." if pattern == "trusted.host" else pattern
        return commands.variables_lack(facts, f"^{path}=.*{insecure}")
    return commands.python(facts, f"import re, sys; sys.exit(bool(re.search({pattern!r}, open({path!r}).read())))")


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
        advice = _temporary_advice(facts, python.temporary)
        yield Case(
            evidence=f"{python.temporary} cannot be written by the container's user",
            cause=advice.cause,
            fix=advice.fix,
            verify=commands.python(facts, f"import tempfile; tempfile.TemporaryFile(dir={python.temporary!r})"),
        )


def _temporary_advice(facts: Facts, directory: str) -> Advice:
    if facts.container and facts.container.read_only:
        return Advice(
            cause="The root file system is read-only.",
            fix=f"docker run --tmpfs {directory} ... (compose: tmpfs: [{directory}])",
        )
    return Advice(
        cause="The directory is not there, or its mode shuts the container's user out.",
        fix=f"RUN mkdir -p {commands.quoted(directory)} && chmod 1777 {commands.quoted(directory)}",
    )
