"""The one program that runs inside a container: `python -I -S -B -c <this file> MARK MODE SECONDS [QUESTION]`.

QUESTION is JSON: the modules, shared libraries and files that a log misses; they are looked for in the file system.

It reads facts and judges nothing; the rules judge them on our side. Its answer has the names and shapes of
`facts.PythonFacts`, so nothing translates between the two. It is sent to interpreters nobody chose, so it keeps to
Python 3.6 and to the modules an isolated start has loaded anyway: importlib.metadata, ssl, platform or
subprocess would each cost more than all of the rest. `-I -S` makes it immune to PYTHONHOME, PYTHONPATH, `.pth` files
and sitecustomize; what those do to the application is learnt from a child with a deadline of its own.
"""

import json
import os
import select
import signal
import sys
import time

MYPY = False
if MYPY:  # `typing` is not loaded at start; annotations are strings, which Python 3.6 accepts
    from collections.abc import Callable
    from typing import Any

SCHEMA = 1
RESULT_FD = 3
# Runs as the application's Python does, and answers on its own descriptor, apart from what start-up prints.
CHILD = (
    """import os, sys
out = getattr(sys.stdout, "encoding", None) or ""
text = [sys.prefix, out] + sys.path
os.write(%d, chr(0).join(text).encode("utf-8", "surrogateescape"))
"""
    % RESULT_FD
)
LIMIT_FILE, LIMIT_VALUE, LIMIT_DISTRIBUTIONS, LIMIT_SCRIPTS = 65536, 8192, 3000, 100
SEARCH_SECONDS, SEARCH_ENTRIES, SEARCH_DEPTH, SEARCH_PLACES, SEARCH_REQUIREMENTS = 1.5, 200000, 11, 40, 12


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def read(path: str, limit: int = LIMIT_FILE) -> str:
    """The beginning of a file, or nothing."""
    try:
        with open(path, "rb") as file:
            return text(file.read(limit))
    except (OSError, ValueError):
        return ""


def names_in(directory: str) -> "list[str]":
    try:
        return sorted(os.listdir(directory or "."))
    except OSError:
        return []


def there(path: str) -> bool:
    """Whether a path leads somewhere. One that this user may not look at does: it is shut, not missing."""
    try:
        os.stat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def denied(path: str) -> bool:
    """Whether this user may not read a file that is there."""
    try:
        os.stat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return not os.access(path, os.R_OK)


def which(name: str) -> str:
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(directory, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""


def headers(content: str, wanted: "dict[str, str]") -> "dict[str, Any]":
    """RFC 822 headers up to the first blank line, by the names `wanted` gives them; those of REPEATED are lists."""
    found = {}  # type: dict[str, Any]
    for line in content.splitlines():
        if not line.strip():
            break
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if colon and key in wanted:
            if key in REPEATED:
                found.setdefault(wanted[key], []).append(value.strip()[:500])
            else:
                found.setdefault(wanted[key], value.strip()[:500])
    return found


METADATA = {"name": "name", "version": "version", "requires-python": "requires_python", "requires-dist": "requires"}
REPEATED = ("requires-dist", "tag")


def metadata_of(directory: str, entry: str) -> str:
    path = os.path.join(directory, entry)
    if entry.endswith(".dist-info"):
        return os.path.join(path, "METADATA")
    return os.path.join(path, "PKG-INFO") if os.path.isdir(path) else path


def distribution(directory: str, entry: str) -> "dict[str, Any]":
    path = os.path.join(directory, entry)
    metadata = metadata_of(directory, entry)
    found = headers(read(metadata), METADATA)
    found["path"] = path
    if not found.get("name") and denied(metadata):  # the directory's own name says which package it is
        words = entry.rpartition(".")[0].split("-")
        if len(words) > 1:
            found.update(name=words[0], version=words[1], denied=True)
    if entry.endswith(".dist-info"):
        found["tags"] = headers(read(os.path.join(path, "WHEEL"), 4096), {"tag": "tags"}).get("tags", [])[:20]
        origin = read(os.path.join(path, "direct_url.json"), 4096)
        if '"editable": true' in origin or '"editable":true' in origin:
            try:
                found["editable"] = str(json.loads(origin).get("url", ""))[:500]
            except ValueError:
                found["editable"] = "unreadable"
    return found


def distributions(directories: "list[str]") -> "dict[str, list[Any]]":
    """What importlib.metadata would list, and what it would stumble over."""
    found = []  # type: list[dict[str, Any]]
    invalid = []  # type: list[str]
    unreadable = []  # type: list[str]
    for directory in directories:
        for entry in names_in(directory):
            if entry.startswith("~"):  # pip renames to this before it removes; a leftover means it was interrupted
                invalid.append(os.path.join(directory, entry))
            elif entry.endswith((".dist-info", ".egg-info")) and len(found) < LIMIT_DISTRIBUTIONS:
                item = distribution(directory, entry)
                if item.pop("denied", False):
                    unreadable.append(item["path"])
                if item.get("name") and item.get("version"):
                    found.append(item)
                else:
                    invalid.append(item["path"])
    return {"distributions": found, "invalid": invalid, "unreadable": unreadable}


def pyvenv(root: str) -> "dict[str, Any]":
    """A virtual environment's own description, or nothing."""
    content = read(os.path.join(root, "pyvenv.cfg"), 8192)
    if not content:
        return {}
    config = {}
    for line in content.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            config[key.strip().lower()] = value.strip()
    home = config.get("home", "")
    return {
        "root": root,
        "home": home,
        "home_exists": bool(home) and there(home),
        "version": config.get("version", config.get("version_info", "")),
        "libraries": [name for name in names_in(os.path.join(root, "lib")) if name.startswith("python")],
    }


def root_of(executable: str) -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(executable))) if executable else ""


def identity(executable: str) -> str:
    """Where what this interpreter installs goes: its virtual environment, else the real file."""
    root = root_of(executable)
    if root and os.path.isfile(os.path.join(root, "pyvenv.cfg")):
        return os.path.realpath(root)
    return os.path.realpath(executable) if executable else ""


def shebang(path: str) -> str:
    """The interpreter a script names; follows `/usr/bin/env NAME` and the `/bin/sh` form pip writes for long paths."""
    lines = read(path, 1024).splitlines()
    if not lines or not lines[0].startswith("#!"):
        return ""
    words = lines[0][2:].split()
    if not words:
        return ""
    program = os.path.basename(words[0])
    if program == "env":
        names = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        return which(names[0]) if names else ""
    if program in ("sh", "bash", "dash") and len(lines) > 1 and lines[1].startswith("'''exec'"):
        return lines[1].split("'''exec'", 1)[1].strip().strip('"').split('"')[0].split()[0]
    return words[0]


def scripts_without_interpreter(directory: str) -> "list[tuple[str, str]]":
    found = []
    for name in names_in(directory)[:LIMIT_SCRIPTS]:
        target = shebang(os.path.join(directory, name))
        if target.startswith("/") and not there(target):
            found.append((os.path.join(directory, name), target))
    return found


def run_child(executable: str, mark: str, seconds: float) -> "tuple[dict[str, Any], list[str]]":
    """Start the interpreter as the application does: how that went, and its sys.path when it says one."""
    result_end, result_in = os.pipe()
    noise_end, noise_in = os.pipe()
    started = time.time()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(noise_in, 1)
            os.dup2(noise_in, 2)
            os.dup2(result_in, RESULT_FD)
            # Survives exec: the kernel ends the child even when nobody is left to do it.
            signal.setitimer(signal.ITIMER_REAL, seconds + 1)
            os.execv(executable, [executable, "-B", "-c", CHILD, mark])
        finally:
            os._exit(127)
    os.close(result_in)
    os.close(noise_in)
    output, timed_out = drain([result_end, noise_end], started + seconds)
    if timed_out:
        kill_group(pid)
    status = os.waitpid(pid, 0)[1]
    parts = text(output[result_end]).split("\0")
    answer = {
        "ok": not timed_out and status == 0 and len(parts) > 2,
        "timed_out": timed_out,
        "status": status,
        "noise": text(output[noise_end])[-4000:],
    }  # type: dict[str, Any]
    if len(parts) > 2:
        answer.update(prefix=parts[0], stdout=parts[1])
    return answer, parts[2:]


def drain(ends: "list[int]", until: float) -> "tuple[dict[int, bytes], bool]":
    """Read every pipe to its end; True when time ran out first."""
    output = dict.fromkeys(ends, b"")
    waiting = list(ends)
    timed_out = False
    while waiting:
        left = until - time.time()
        ready = select.select(waiting, [], [], max(left, 0))[0] if left > 0 else []
        if not ready:
            timed_out = True
            break
        for end in ready:
            piece = os.read(end, 65536)
            output[end] = (output[end] + piece)[-1000000:]
            if not piece:
                waiting.remove(end)
    for end in ends:
        os.close(end)
    return output, timed_out


def kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            pass


def shadows(directories: "list[str]") -> "list[tuple[str, str]]":
    """Files that are imported in place of a standard module: a regular module wins, a bare directory does not."""
    library = os.path.dirname(os.__file__)
    known = getattr(sys, "stdlib_module_names", None)
    if known is None:
        listed = [name.split(".")[0] for name in names_in(library) + names_in(os.path.join(library, "lib-dynload"))]
        known = {name for name in listed if name.isidentifier()} - {"test", "__pycache__", "LICENSE"}
    found = []
    for directory in directories:
        if os.path.realpath(directory or ".") in (os.path.realpath(library), os.path.realpath("/")):
            continue
        for entry in names_in(directory):
            name = entry.split(".")[0]
            if name not in known or name in sys.builtin_module_names or name.startswith("__"):
                continue
            path = os.path.join(directory or os.getcwd(), entry)
            package = os.path.isfile(os.path.join(path, "__init__.py"))
            if package or (os.path.isfile(path) and entry in (name + ".py", name + ".so")):
                found.append((name, path))
    return found


def import_directories(argv: "list[str]", path: "list[str]") -> "list[str]":
    """The directories searched before the standard library: the script's own, then those of PYTHONPATH."""
    library = os.path.realpath(os.path.dirname(os.__file__))
    first = [entry for entry in path[1:]]
    for index, entry in enumerate(first):
        if os.path.realpath(entry) == library or entry.endswith(".zip"):
            first = first[:index]
            break
    script = script_of(argv)
    own = os.path.dirname(os.path.join(os.getcwd(), script)) if script else os.getcwd()
    if script and not script.endswith(".py"):  # gunicorn, celery, uvicorn: they put the working directory first
        own = os.getcwd()
    return [own] + [entry for entry in first if entry]


def script_of(argv: "list[str]") -> str:
    """The script in `python [options] script.py`, nothing for `-m` and `-c`."""
    if not argv or "python" not in os.path.basename(argv[0]):
        return ""
    words = iter(argv[1:])
    for word in words:
        if word in ("-m", "-c") or (word.startswith("-") and word[-1:] in "mc" and not word.startswith("--")):
            return ""
        if word in ("-W", "-X"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def pip_configuration(prefix: str) -> "list[dict[str, Any]]":
    home = os.path.expanduser("~")
    paths = [
        "/etc/xdg/pip/pip.conf",
        "/etc/pip.conf",
        os.path.join(home, ".pip", "pip.conf"),
        os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "pip", "pip.conf"),
        os.path.join(prefix, "pip.conf"),
        os.environ.get("PIP_CONFIG_FILE", ""),
    ]
    found = []
    for path in dict.fromkeys(filter(None, paths)):
        if os.path.isfile(path):
            found.append({"path": path, "content": read(path, 8192), "readable": os.access(path, os.R_OK)})
    return found


def markers() -> "dict[str, str]":
    """What requirement markers are judged by (PEP 508)."""
    machine = os.uname()
    implementation = sys.implementation.name
    full = "%d.%d.%d" % sys.version_info[:3]
    if sys.version_info[3] != "final":
        full += sys.version_info[3][0] + str(sys.version_info[4])
    return {
        "implementation_name": implementation,
        "implementation_version": "%d.%d.%d" % sys.implementation.version[:3],
        "os_name": os.name,
        "platform_machine": machine.machine,
        "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(implementation, implementation),
        "platform_release": machine.release,
        "platform_system": machine.sysname,
        "platform_version": machine.version,
        "python_full_version": full,
        "python_version": "%d.%d" % sys.version_info[:2],
        "sys_platform": sys.platform,
    }


def interpreters() -> "dict[str, Any]":
    names = {name: which(name) for name in ("python", "python3", "pip", "pip3", "uv")}
    names = {name: path for name, path in names.items() if path}
    pip = names.get("pip") or names.get("pip3") or ""
    target = shebang(pip) if pip else ""
    python = names.get("python") or names.get("python3") or ""
    dangling = []
    directories = os.environ.get("PATH", "").split(os.pathsep)
    if os.environ.get("VIRTUAL_ENV"):
        directories.append(os.path.join(os.environ["VIRTUAL_ENV"], "bin"))
    for directory in dict.fromkeys(directories):
        for name in ("python", "python3"):
            path = os.path.join(directory, name)
            # Outside a virtual environment PATH just goes on to the next.
            if os.path.islink(path) and not there(path) and os.path.isfile(os.path.join(root_of(path), "pyvenv.cfg")):
                dangling.append((path, os.readlink(path)))
    return {
        "named": names,
        "python_identity": identity(python),
        "pip": pip,
        "pip_interpreter": target,
        "pip_identity": identity(target) if "python" in os.path.basename(target) else "",
        "dangling": dangling,
    }


def environments(mode: str) -> "dict[str, Any]":
    """The virtual environment of this interpreter, the one VIRTUAL_ENV names, and those that lie about."""
    named = os.environ.get("VIRTUAL_ENV", "")
    about = [os.path.join(os.getcwd(), ".venv"), os.path.join(os.getcwd(), "venv")]
    if mode == "container":
        about += ["/opt/venv", "/app/.venv", "/venv"]
    own = pyvenv(root_of(sys.executable))
    return {
        "venv": own or None,
        "virtual_env": named,
        "virtual_env_exists": bool(named) and there(named),
        "named_venv": (pyvenv(named) if named else {}) or None,
        "venvs_about": [found for found in map(pyvenv, dict.fromkeys(map(os.path.abspath, about))) if found],
        "broken_scripts": scripts_without_interpreter(os.path.dirname(sys.executable)) if own else [],
    }


def first_process(mode: str) -> "list[str]":
    """The command of PID 1, which is the application; on a whole machine it is not."""
    if mode != "container":
        return []
    return read("/proc/1/cmdline", LIMIT_VALUE).rstrip("\0").split("\0")[:100]


def places() -> "dict[str, Any]":
    """Directories and files the environment points at."""
    pointers = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHONHOME")
    temporary = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108
    return {
        "missing_places": {n: os.environ[n] for n in pointers if os.environ.get(n) and not there(os.environ[n])},
        "temporary": temporary,
        "temporary_writable": os.path.isdir(temporary) and os.access(temporary, os.W_OK | os.X_OK),
        "cwd": os.getcwd(),
        "bundles": [path for path in BUNDLES if os.path.isfile(path)],
        "listening": listening(),
        "system": system_of(read("/etc/os-release", 4096)),
    }


BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def system_of(os_release: str) -> str:
    """The ID of /etc/os-release; of a derived distribution the family it names first."""
    pairs = [line.partition("=") for line in os_release.splitlines()]
    named = {key.strip(): value.strip().strip("'\"") for key, equals, value in pairs if equals}
    return (named.get("ID_LIKE", "").split() or [named.get("ID", "")])[0]


def listening() -> "list[int]":
    """TCP ports somebody listens at in this network namespace (state 0A of /proc/net/tcp)."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in read("/proc/net/" + name, 1000000).splitlines()[1:]:
            words = line.split()
            if len(words) > 3 and words[3] == "0A":
                found.add(int(words[1].rpartition(":")[2], 16))
    return sorted(found)


def hooks(directories: "list[str]") -> "list[str]":
    """What runs at every start of Python: sitecustomize, usercustomize, and .pth files with an import."""
    found = []
    for directory in dict.fromkeys(directories):
        for name in names_in(directory):
            path = os.path.join(directory, name)
            lines = read(path).split("\n") if name.endswith(".pth") else []
            if any(line[:7] == "import " for line in lines) or name in ("sitecustomize.py", "usercustomize.py"):
                found.append(path)
    return found[:20]


SITES = ("site-packages", "dist-packages")
NOT_SEARCHED = {"__pycache__", ".git", "node_modules"}
SYSTEMS = {"/proc", "/sys", "/dev", "/usr/share", "/usr/include", "/var/lib"}
LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock")
NAMING = (*LOCKS, "pyproject.toml", "Pipfile", "setup.cfg", "environment.yml", "environment.yaml")


def brings(directory: str, parts: "list[str]") -> str:
    """The path by which a directory on sys.path would bring the module, or nothing."""
    base = os.path.join(directory, *parts)
    if os.path.isfile(base + ".py"):
        return base + ".py"
    if os.path.isfile(os.path.join(base, "__init__.py")):
        return base
    inside = names_in(base) if os.path.isdir(base) else []
    if directory != "/" and any(name.endswith((".py", ".so")) for name in inside):
        return base
    for name in names_in(os.path.dirname(base)):
        if name.endswith(".so") and name.split(".")[0] == parts[-1]:
            return os.path.join(os.path.dirname(base), name)
    return ""


def names_packages(directory: str, name: str) -> bool:
    """Whether a file says which packages an application needs."""
    lists = name.endswith((".txt", ".in")) and (
        name.startswith(("requirements", "constraints")) or os.path.basename(directory) == "requirements"
    )
    return lists or name in NAMING


def requirements_in(path: str) -> str:
    """The file's text; of a lock file the names alone, which may stand far down."""
    if os.path.basename(path) not in LOCKS:
        return read(path)
    kept = [line for line in read(path, 4000000).splitlines() if line.startswith("name = ") or '": {' in line]
    return "\n".join(kept)[:LIMIT_FILE]


def may_search(path: str, name: str) -> bool:
    """Whether to look below a directory: not where only a package's own or Python's own modules lie."""
    if path in SYSTEMS or name in NOT_SEARCHED or name.endswith((".dist-info", ".egg-info")):
        return False
    parent = os.path.basename(os.path.dirname(path))
    is_library = parent.startswith("python") and parent[6:7].isdigit()
    return parent not in SITES and (not is_library or name in SITES)


def search(question: "dict[str, Any]", first: "list[str]") -> "dict[str, Any]":
    """Where wanted modules and libraries lie, breadth first: the application's directories, then all others."""
    modules = [str(name).split(".") for name in question.get("modules", [])]
    libraries = [str(name) for name in question.get("libraries", [])]
    looked = list(dict.fromkeys(os.path.abspath(path or ".") for path in first if os.path.isdir(path or ".")))
    places = {}  # type: dict[str, list[str]]
    requirements = {}  # type: dict[str, str]
    waiting = [(path, 0) for path in [*looked, "/"]] if modules or libraries else []
    seen = set()
    until, entries, position = time.time() + SEARCH_SECONDS, 0, 0
    while position < len(waiting) and time.time() < until and entries < SEARCH_ENTRIES:
        directory, depth = waiting[position]
        position += 1
        if directory in seen:
            continue
        seen.add(directory)
        names = names_in(directory)
        entries += len(names)
        stems = {name.split(".")[0] for name in names}
        for parts in modules:
            # A module inside a package is imported by its dotted name, so this directory does not bring it.
            path = brings(directory, parts) if parts[0] in stems and "__init__.py" not in names else ""
            if path:
                place(places, ".".join(parts), path)
        for name in libraries:
            if name in names:
                place(places, name, os.path.join(directory, name))
        for name in names:
            path = os.path.join(directory, name)
            if names_packages(directory, name) and len(requirements) < SEARCH_REQUIREMENTS and modules:
                requirements[path] = requirements_in(path)
            elif depth < SEARCH_DEPTH and may_search(path, name) and os.path.isdir(path) and not os.path.islink(path):
                waiting.append((path, depth + 1))
    return {
        "places": places,
        "requirements": requirements,
        "files": {str(path): access(str(path)) for path in question.get("files", [])[:40]},
        "looked": looked,
        "complete": position >= len(waiting),
    }


def place(places: "dict[str, list[str]]", name: str, path: str) -> None:
    """One more path that brings a module or library, within the bound on all of them."""
    if sum(map(len, places.values())) < SEARCH_PLACES and path not in places.get(name, ()):
        places.setdefault(name, []).append(path)


def access(path: str) -> "dict[str, Any]":
    """What this user may do with a path."""
    try:
        owner = os.stat(path).st_uid
    except OSError:
        owner = -1
    return {
        "exists": there(path),
        "readable": os.access(path, os.R_OK),
        "writable": os.access(path, os.W_OK),
        "owner": owner,
    }


def collect(mark: str, mode: str, seconds: float, question: "dict[str, Any]") -> "dict[str, Any]":
    """Every fact, stage by stage: a stage that fails leaves its reason and spoils no other."""
    facts = {"errors": {}}  # type: dict[str, Any]

    def stage(name: str, fields: "Callable[[], dict[str, Any]]") -> None:
        try:
            facts.update(fields())
        except Exception as error:
            facts["errors"][name] = "%s: %s" % (type(error).__name__, error)

    def start() -> "dict[str, Any]":
        startup, own_path = run_child(sys.executable, mark, seconds)
        path[:] = own_path or path
        return {"startup": startup}

    def first() -> "list[str]":
        return import_directories(facts.get("pid1") or [], path)

    stage("interpreter", interpreter)
    stage("markers", lambda: {"markers": markers()})
    stage("pid1", lambda: {"pid1": first_process(mode)})
    stage("interpreters", interpreters)
    stage("environments", lambda: environments(mode))
    stage("places", places)
    path = sys.path + guess_site(facts.get("venv") or {})
    stage("startup", start)
    stage("path", lambda: {"path": [entry_of(p) for p in path]})
    stage("distributions", lambda: distributions(list(dict.fromkeys(p for p in path if os.path.isdir(p)))))
    stage("shadows", lambda: {"shadows": shadows(first())})
    stage("hooks", lambda: {"hooks": hooks([p for p in path if os.path.basename(p) in SITES] + path)})
    stage("search", lambda: {"search": search(question, [*first(), os.getcwd(), *path])})
    prefix = (facts.get("startup") or {}).get("prefix")
    stage("pip_files", lambda: {"pip_files": pip_configuration(prefix or root_of(sys.executable))})
    return facts


def interpreter() -> "dict[str, Any]":
    library = os.path.dirname(os.__file__)
    return {
        "version": "%d.%d.%d" % sys.version_info[:3],
        "release": sys.version_info[3],
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "realpath": os.path.realpath(sys.executable),
        "library": library,
        "externally_managed": os.path.isfile(os.path.join(library, "EXTERNALLY-MANAGED")),
    }


def entry_of(path: str) -> "dict[str, Any]":
    return {"path": path, "exists": there(path or "."), "readable": os.access(path or ".", os.R_OK)}


def environment() -> "dict[str, str]":
    return {name: value[:LIMIT_VALUE] for name, value in os.environ.items() if name != "HANDRAIL_PROBE"}


def guess_site(own: "dict[str, Any]") -> "list[str]":
    """Where packages would lie, when the interpreter could not say."""
    version = "python%d.%d" % sys.version_info[:2]
    roots = [own["root"]] if own else [sys.base_prefix, os.path.join(sys.base_prefix, "local")]
    guesses = [os.path.join(r, "lib", version, d) for r in roots for d in ("site-packages", "dist-packages")]
    if not own:
        guesses.append(os.path.join(sys.base_prefix, "lib", "python3", "dist-packages"))
    return [guess for guess in guesses if os.path.isdir(guess)]


def main(mark: str, mode: str, seconds: float, question: str = "{}") -> None:
    # The kernel ends this process if everything else fails, also when whoever started it is gone.
    signal.setitimer(signal.ITIMER_REAL, seconds + 3)
    python = collect(mark, mode, seconds, json.loads(question))
    output = json.dumps({"schema": SCHEMA, "environ": environment(), "python": python})
    data = ("\n\x01%s%s\x01\n" % (mark, output)).encode("ascii")
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__" and len(sys.argv) > 3:
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[4:5])
