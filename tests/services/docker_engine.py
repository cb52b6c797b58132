"""A private container engine for tests, and images made from this machine's own files: nothing is pulled.

    python tests/services/docker_engine.py install   apt-get install docker.io (Debian, root), for CI
    python tests/services/docker_engine.py start     start it, import the images, print its DOCKER_HOST
    python tests/services/docker_engine.py stop      remove its containers and end it

The engine has its own directory, no bridge and no firewall rules, so it can run beside another one. Images:
`handrail-python:2` (this interpreter's installation under /usr/local and busybox), `handrail-distroless:2` (the same
without a shell), `handrail-busybox:1` (no Python).
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO

HOME = Path(os.environ.get("DOCKER_ENGINE_HOME", "/tmp/handrail-docker-engine"))
SOCKET = HOME / "docker.sock"
ADDRESS = f"unix://{SOCKET}"
PYTHON, DISTROLESS, BUSYBOX = "handrail-python:2", "handrail-distroless:2", "handrail-busybox:1"
LABEL = "handrail.test"
OURS = {LABEL: str(os.getpid())}
"""Of the containers of this process: others run tests on the same engine, and clean up when they are done."""
SKIPPED = {"test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "__pycache__", "site-packages"}
APPLETS = ("sh", "ls", "cat", "sleep", "tr", "head", "env", "timeout", "id", "ps", "touch", "mkdir")


class Missing(Exception):
    """What this machine lacks, in one line that says what to install."""


def need() -> None:
    """Raise Missing unless an engine can be started here."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise Missing("the engine tests need Linux and root")
    if not shutil.which("dockerd"):
        raise Missing("dockerd is missing: apt-get install --no-install-recommends docker.io busybox-static")
    if busybox() is None:
        raise Missing("a static busybox is missing: apt-get install busybox-static")


def busybox() -> Path | None:
    for path in map(shutil.which, ("busybox",)):
        if path and Path(path).read_bytes()[:4] == b"\x7fELF":
            linked = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
            if "=>" not in linked.stdout:
                return Path(path)
    return None


def install() -> None:
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    packages = ["docker.io", "busybox-static", "cgroupfs-mount"]
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def answers() -> bool:
    import docker

    try:
        docker.DockerClient(base_url=ADDRESS, timeout=2).close()
    except docker.errors.DockerException:
        return False
    return True


def start() -> str:
    """Start the engine unless it runs, import the images unless they are there; its DOCKER_HOST. Raises Missing."""
    need()
    HOME.mkdir(parents=True, exist_ok=True)
    if not answers():
        launch()
    import_images()
    return ADDRESS


def launch() -> None:
    if not os.path.ismount("/sys/fs/cgroup") and shutil.which("cgroupfs-mount"):
        subprocess.run(["cgroupfs-mount"], check=False)
    # vfs copies the whole image for every container: 13 times slower to create one
    driver = "overlay2" if "overlay" in Path("/proc/filesystems").read_text() else "vfs"
    command = ["dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", f"--storage-driver={driver}"]
    command += [
        f"--data-root={HOME}/data",
        f"--exec-root={HOME}/exec",
        f"--pidfile={HOME}/dockerd.pid",
        f"-H={ADDRESS}",
    ]
    with (HOME / "dockerd.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=HOME
        )
    for _ in range(200):
        if answers():
            process.returncode = 0  # it stays, under its pid file; Popen's destructor must not complain
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    said = (HOME / "dockerd.log").read_text(errors="replace").splitlines()[-3:]
    process.kill()
    raise Missing("dockerd does not start here: " + " / ".join(said)[-400:])


def stop() -> None:
    import docker

    if answers():
        client = docker.DockerClient(base_url=ADDRESS, timeout=240)
        for container in client.containers.list(all=True, filters={"label": LABEL}):
            container.remove(force=True)
        client.close()
    pidfile = HOME / "dockerd.pid"
    if not pidfile.exists():
        return
    pid = int(pidfile.read_text())
    os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)


# ---------------------------------------------------------------- images


def import_images() -> None:
    import docker

    client = docker.DockerClient(base_url=ADDRESS, timeout=240)
    known = {tag for image in client.images.list() for tag in image.tags}
    tool = busybox()
    assert tool is not None
    shell: list[tuple[str, Path | str]] = [
        (f"bin/{name}", tool if name == "busybox" else "busybox") for name in ("busybox", *APPLETS)
    ]
    version = sysconfig.get_python_version()
    release = ".".join(map(str, sys.version_info[:3]))
    set_path = f"ENV PATH=/usr/local/bin:/usr/bin:/bin LD_LIBRARY_PATH=/usr/local/lib PYTHON_VERSION={release}"
    wanted = {
        PYTHON: (True, shell, [set_path, 'CMD ["python"]']),
        DISTROLESS: (True, [], [set_path, f'ENTRYPOINT ["/usr/local/bin/python{version}"]']),
        BUSYBOX: (False, shell, ["ENV PATH=/bin", 'CMD ["/bin/sh"]']),
    }
    for tag, (has_python, others, changes) in wanted.items():
        if tag in known:
            continue
        repository, _, name = tag.partition(":")
        with tempfile.NamedTemporaryFile(suffix=".tar") as file:
            write_tar(file, [*(python_files() if has_python else []), *others])
            file.flush()
            client.api.import_image_from_file(file.name, repository=repository, tag=name, changes=changes)
    client.close()


@cache
def python_files() -> list[tuple[str, Path | str]]:
    """This interpreter's installation, moved to /usr/local, with the libraries it is linked to where they are."""
    base, version = Path(sys.base_prefix), f"python{sysconfig.get_python_version()}"
    program = Path(os.path.realpath(base / "bin" / version))
    library = Path(sysconfig.get_path("stdlib", vars={"installed_base": str(base), "base": str(base)}))
    files: list[tuple[str, Path | str]] = [
        (f"usr/local/bin/{version}", program),
        ("usr/local/bin/python3", version),
        ("usr/local/bin/python", "python3"),
    ]
    extensions = []
    for folder, folders, names in os.walk(library):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith("config-")]
        for name in names:
            path = Path(folder, name)
            files.append((f"usr/local/lib/{version}/{path.relative_to(library)}", path))
            extensions += [path] if ".so" in name else []
    return files + [(place_of(path), path) for path in linked([program, *extensions])]


def place_of(library: Path) -> str:
    """Where a shared library goes: the system's stay, the interpreter's own go where LD_LIBRARY_PATH leads."""
    is_systems = library.parts[1] in ("lib", "lib64") or library.parts[1:3] == ("usr", "lib")
    return str(library).lstrip("/") if is_systems else f"usr/local/lib/{library.name}"


def linked(binaries: list[Path]) -> list[Path]:
    found = set()
    for binary in binaries:
        said = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, check=False).stdout
        found |= set(re.findall(r"(?:=> )?(/[^ ]+) \(0x", said))
    return sorted(map(Path, found))


def write_tar(file: IO[bytes], files: list[tuple[str, Path | str]]) -> None:
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, mode in (
            ("tmp", 0o1777),
            ("root", 0o700),
            ("proc", 0o755),
            ("sys", 0o755),
            ("dev", 0o755),
            ("app", 0o755),
        ):
            archive.addfile(directory(name, mode))
        for name, content in (("etc/passwd", "root:x:0:0::/root:/bin/sh\n"), ("etc/group", "root:x:0:\n")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
        for name, source in files:
            if isinstance(source, str):
                member = tarfile.TarInfo(name)
                member.type, member.linkname = tarfile.SYMTYPE, source
                archive.addfile(member)
            else:
                archive.add(os.path.realpath(source), arcname=name, recursive=False, filter=as_root)


def directory(name: str, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, mode
    return member


def as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def files_in(tree: dict[str, str]) -> Iterator[bytes]:
    """A tar of text files, to put into a container before it starts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in tree.items():
            member = tarfile.TarInfo(name.lstrip("/"))
            member.size, member.mode = len(content.encode()), 0o755
            archive.addfile(member, io.BytesIO(content.encode()))
    yield buffer.getvalue()


if __name__ == "__main__":
    action = sys.argv[1] if len(sys.argv) == 2 else ""
    try:
        match action:
            case "install":
                install()
            case "start":
                print(f"DOCKER_HOST={start()}")
            case "stop":
                stop()
            case _:
                sys.exit(__doc__)
    except Missing as error:
        sys.exit(str(error))
