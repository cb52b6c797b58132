"""Faults the container's log names."""

import re
from collections.abc import Iterator

from dockerdebug.facts import Facts, shorten
from dockerdebug.findings.registry import Case, Severity, rule

DEBIAN_PACKAGES = {
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
    "libodbc.so.2": "unixodbc",
    "libSM.so.6": "libsm6",
    "libXext.so.6": "libxext6",
    "libXrender.so.1": "libxrender1",
    "libgdal.so": "gdal-bin",
    "libcairo.so.2": "libcairo2",
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libsndfile.so.1": "libsndfile1",
    "libffi.so.8": "libffi8",
    "libstdc++.so.6": "libstdc++6",
}
# Import names whose distribution is called otherwise.
DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "bs4": "beautifulsoup4",
    "dotenv": "python-dotenv",
    "dateutil": "python-dateutil",
    "jwt": "pyjwt",
    "MySQLdb": "mysqlclient",
    "psycopg2": "psycopg2-binary",
    "magic": "python-magic",
    "serial": "pyserial",
    "git": "gitpython",
    "jose": "python-jose",
    "google.protobuf": "protobuf",
    "rest_framework": "djangorestframework",
    "environ": "django-environ",
    "corsheaders": "django-cors-headers",
    "OpenSSL": "pyopenssl",
    "Crypto": "pycryptodome",
}


def _severity(facts: Facts) -> Severity:
    """A running container may have got over what its log says."""
    running = facts.container is not None and facts.container.state == "running" and facts.container.restart_count < 3
    return "warning" if running else "error"


@rule(severity="error", rank=1, check="installed_packages")
def module_not_found(facts: Facts) -> Iterator[Case]:
    """An import failed."""
    missing = re.findall(r"ModuleNotFoundError: No module named '([\w.]+)'", facts.logs)
    if not missing:
        return
    name = missing[-1]
    top = name.partition(".")[0]
    distribution = DISTRIBUTIONS.get(name) or DISTRIBUTIONS.get(top) or top.replace("_", "-")
    python = facts.python
    installed = {item.key: item for item in python.distributions or ()} if python else {}
    where = python.executable if python else "python"
    known = installed.get(distribution.lower())
    if known:
        cause = f"{known.name} {known.version} is installed at {known.path}, but not for the Python that ran."
        fix = f"Start the program with {where}, or install the package there: {where} -m pip install {distribution}"
    else:
        cause = f"The package that brings {top!r} is not installed for {where}."
        fix = f"Add {distribution} to the requirements and rebuild: RUN {where} -m pip install {distribution}"
    yield Case(
        evidence=f"log: ModuleNotFoundError: No module named {name!r}",
        cause=cause,
        fix=fix,
        verify=facts.shell(f'{where} -c "import {top}"'),
        severity=_severity(facts),
    )


@rule(severity="error", rank=5, check="installed_packages")
def shared_library_missing(facts: Facts) -> Iterator[Case]:
    """A package's native code needs a system library that the image lacks."""
    for name in dict.fromkeys(re.findall(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file", facts.logs)):
        if name.startswith("libpython"):
            yield _own_library(facts, name)
            continue
        package = DEBIAN_PACKAGES.get(name)
        fix = (
            f"RUN apt-get update && apt-get install -y --no-install-recommends {package} && rm -rf /var/lib/apt/lists/*"
            if package
            else f"Install the system package that has {name} (`apt-file search {name}` names it)."
        )
        yield Case(
            evidence=f"log: {name}: cannot open shared object file",
            cause=f"A package with native code needs {name}, which this image does not have.",
            fix=fix,
            verify=facts.shell(f"ldconfig -p | grep {name}"),
            severity=_severity(facts),
        )


def _own_library(facts: Facts, name: str) -> Case:
    return Case(
        evidence=f"log: {name}: cannot open shared object file",
        cause=f"The interpreter's own library {name} was not copied with it, is not on the loader's path, or cannot be "
        "read by the container's user.",
        fix=f"Copy {name} with the interpreter to /usr/local/lib and RUN ldconfig",
        verify=facts.shell("python3 --version"),
        severity=_severity(facts),
    )


@rule(severity="error", rank=19)
def file_permission(facts: Facts) -> Iterator[Case]:
    """The container's user may not open a file it needs."""
    paths = re.findall(r"PermissionError: \[Errno 13\] Permission denied: '([^'\n]+)'", facts.logs)
    if paths:
        user = (facts.container.user if facts.container else "") or "root"
        yield Case(
            evidence=f"log: Permission denied: {shorten(paths[-1], 120)}; the container's user is {user}",
            cause=f"The user {user} may not open {shorten(paths[-1], 120)}.",
            fix=f"COPY --chown={user} ... or RUN chown -R {user} {shorten(paths[-1], 120)} before USER {user}",
            verify=facts.shell(f"ls -l {shorten(paths[-1], 120)}"),
            severity=_severity(facts),
        )


@rule(severity="warning", rank=22)
def certificate_verify_failed(facts: Facts) -> Iterator[Case]:
    """A TLS certificate could not be verified."""
    found = [line for line in facts.logs.splitlines() if "CERTIFICATE_VERIFY_FAILED" in line]
    if found:
        yield Case(
            evidence=f"log: {shorten(found[-1])}",
            cause="The image has no certificate authorities, or not the one that signed the other side's certificate.",
            fix="RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates; for an own "
            "authority COPY own.crt /usr/local/share/ca-certificates/ and RUN update-ca-certificates",
            verify=facts.shell('python -c "import ssl; print(ssl.get_default_verify_paths())"'),
        )
