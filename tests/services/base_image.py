"""A base for the Dockerfile made from this machine: its Debian packages, this Python with pip, and the pinned wheels.

What the public base has and the network would bring is in it, so that the image is built with no network at all.
"""

import hashlib
import io
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

import docker
import pytest

from tests.services import docker_engine
from tests.services.stack import ROOT

TAG = f"handrail-base:{hashlib.sha256((ROOT / 'requirements.txt').read_bytes()).hexdigest()[:12]}"
CLIENT = "postgresql-client"
PACKAGES = ("base-files", "bash", "coreutils", "dash", "findutils", "apt", "passwd", "ca-certificates", "libc-bin")
MADE = (
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/login.defs",
    "/root",
    "/tmp",
)
LEFT_OUT = re.compile(r"^/usr/share/(doc|man|locale|info|lintian)/|^/etc/apt/sources|/gconv/")
PIP = "#!/usr/local/bin/python\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
_FIELDS = "${Package}\t${db:Status-Abbrev}\t${Pre-Depends},${Depends}\t${Provides}\n"


def make(client: "docker.DockerClient") -> str:
    """Its tag. Skips where the machine has not what it takes."""
    if client.images.list(TAG):
        return TAG
    with tempfile.TemporaryDirectory(prefix="handrail-base-") as folder:
        wheels = _wheels(Path(folder) / "wheels")
        archive = Path(folder) / "base.tar"
        with tarfile.open(archive, "w") as tar:
            _add_text(tar, "var/lib/dpkg/status", _status())
            system = {(path.lstrip("/"), Path(path)) for path in _system_files()}
            there = {"var/lib/dpkg/status"}
            for name, source in [*sorted(system, key=_folders_first), *docker_engine.python_files(), *_pip(), *wheels]:
                place = _merged(f"/{name}").lstrip("/")
                if place in there:
                    continue
                there.add(place)
                if isinstance(source, str):
                    link = tarfile.TarInfo(place)
                    link.type, link.linkname = tarfile.SYMTYPE, source
                    tar.addfile(link)
                else:  # links of the system stay links; what is ours comes from where it leads
                    tar.add(source if (name, source) in system else source.resolve(), arcname=place, recursive=False)
            _add_text(tar, "usr/local/bin/pip", PIP, mode=0o755)
        changes = [
            "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LD_LIBRARY_PATH=/usr/local/lib",
            "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels",
        ]
        repository, _, tag = TAG.partition(":")
        client.api.import_image_from_file(str(archive), repository=repository, tag=tag, changes=changes)
    return TAG


def _wheels(folder: Path) -> list[tuple[str, Path]]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--dest", str(folder)]
    done = subprocess.run([*command, "-r", str(ROOT / "requirements.txt")], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"The pinned packages cannot be had: {(done.stderr.strip() or 'no word').splitlines()[-1]}")
    return [(f"wheels/{path.name}", path) for path in folder.iterdir()]


def _pip() -> list[tuple[str, Path]]:
    library = Path(sysconfig.get_path("purelib", vars={"base": sys.base_prefix}))
    inside = f"usr/local/lib/python{sysconfig.get_python_version()}/site-packages"
    return [(f"{inside}/{path.relative_to(library)}", path) for path in (library / "pip").rglob("*.py")] + [
        (f"{inside}/{path.relative_to(library)}", path) for path in (library / "pip").rglob("*.pem")
    ]


def _system_files() -> list[str]:
    """The files of the packages wanted and of all they need."""
    listed = subprocess.run(["dpkg-query", "-L", *_closure()], capture_output=True, text=True, check=True).stdout
    paths = {path for path in listed.splitlines() if path.startswith("/") and path != "/."} | set(MADE)
    there = {path for path in paths if not LEFT_OUT.search(path) and (Path(path).exists() or Path(path).is_symlink())}
    return sorted(there)


def _folders_first(file: tuple[str, Path]) -> tuple[bool, str]:
    return not file[1].is_dir() and not file[1].is_symlink(), file[0]


def _merged(path: str) -> str:
    """Of /bin and the like only the link is there; what is listed in it lies in /usr."""
    return re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path)


def _closure() -> list[str]:
    rows = subprocess.run(["dpkg-query", "-W", "-f", _FIELDS], capture_output=True, text=True, check=True).stdout
    needs: dict[str, list[list[str]]] = {}
    provided: dict[str, str] = {}
    for row in rows.splitlines():
        package, status, depends, provides = row.split("\t")
        if status.startswith("ii"):
            needs[package] = [[_name(each) for each in group.split("|")] for group in depends.split(",")]
            provided |= {_name(each): package for each in provides.split(",") if each.strip()}
    clients = sorted(package for package in needs if re.fullmatch(rf"{CLIENT}-\d+", package))
    if not clients:
        pytest.skip(f"PostgreSQL's client is not installed here: apt-get install {CLIENT}")
    found: set[str] = set()
    waiting = [*PACKAGES, clients[-1]]
    while waiting:
        package = waiting.pop()
        package = package if package in needs else provided.get(package, "")
        if package and package not in found:
            found.add(package)
            for group in needs[package]:
                waiting += [name for name in group if name in needs or name in provided][:1]
    return sorted(found)


def _status() -> str:
    """dpkg's own list, so that apt finds the client there; a package that only names the newest one may be missing."""
    known = Path("/var/lib/dpkg/status").read_text(encoding="utf-8", errors="replace")
    if f"\nPackage: {CLIENT}\n" in f"\n{known}":
        return known
    named = f"Package: {CLIENT}\nStatus: install ok installed\nMaintainer: tests\nArchitecture: all\nVersion: 1\n"
    return f"{known.rstrip()}\n\n{named}Description: names the newest\n\n"


def _name(text: str) -> str:
    return re.split(r"[ (:]", text.strip())[0]


def _add_text(tar: tarfile.TarFile, name: str, text: str, *, mode: int = 0o644) -> None:
    content = text.encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))
