"""What was read of the demo's container, as `collection` reads one; what is wrong there, the checks find themselves.

A worker that was rebuilt without its image library: it stops as it starts, and one setting of it is stale as well.
"""

from datetime import date

from dockerdebug.facts import ContainerFacts, Distribution, Facts, PathEntry, PythonFacts, Search

NAME = "shop-worker"
_SITE = "/usr/local/lib/python3.12/site-packages"
_LOG = """[2026-11-02 08:14:09] starting 4 workers
Traceback (most recent call last):
  File "/srv/shop/worker.py", line 7, in <module>
    from shop.media import thumbnails
  File "/srv/shop/shop/media/thumbnails.py", line 3, in <module>
    from PIL import Image
ModuleNotFoundError: No module named 'PIL'
"""
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/bin",
    "PYTHONPATH": "/srv/shop:/srv/legacy",
    "PYTHONUNBUFFERED": "1",
    "LANG": "C.UTF-8",
}
_MARKERS = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.12.7",
    "python_version": "3.12",
    "sys_platform": "linux",
}


def crashed(today: date) -> Facts:
    return Facts(
        target=NAME,
        container=_container(),
        logs=_LOG,
        python=_python(),
        outcome="read",
        why_not="the container is stopped",
        found="/usr/local/bin/python",
        environment=_ENVIRONMENT,
        seconds=1.42,
        today=today,
    )


def _container() -> ContainerFacts:
    return ContainerFacts(
        id="d3" * 32,
        name=NAME,
        image="registry.internal/shop/worker:2026.11",
        image_id=f"sha256:{'5a' * 32}",
        state="exited",
        exit_code=1,
        restart_count=4,
        restart_policy="on-failure",
        environment=_ENVIRONMENT,
        command=("python", "/srv/shop/worker.py"),
        user="1000",
        working_dir="/srv/shop",
    )


def _python() -> PythonFacts:
    return PythonFacts(
        version="3.12.7",
        executable="/usr/local/bin/python",
        realpath="/usr/local/bin/python3.12",
        library="/usr/local/lib/python3.12",
        markers=_MARKERS,
        named={"python": "/usr/local/bin/python", "pip": "/usr/local/bin/pip"},
        python_identity="/usr/local/bin/python3.12",
        pip="/usr/local/bin/pip",
        pip_interpreter="/usr/local/bin/python3.12",
        pip_identity="/usr/local/bin/python3.12",
        path=tuple(PathEntry(path=path, exists=exists) for path, exists in _PATH),
        distributions=tuple(
            Distribution(name=name, version=version, path=f"{_SITE}/{name}-{version}.dist-info", requires=requires)
            for name, version, requires in _INSTALLED
        ),
        pip_files=(),
        pid1=("python", "/srv/shop/worker.py"),
        cwd="/srv/shop",
        system="debian",
        temporary="/tmp",  # noqa: S108 -- what the container uses
        bundles=("/etc/ssl/certs/ca-certificates.crt",),
        search=Search(
            requirements={"/srv/shop/requirements.txt": "celery==5.4.0\npillow==11.0.0\nredis==5.2.0\n"},
            looked=("/srv/shop", _SITE),
        ),
    )


_PATH = (
    ("/srv/shop", True),
    ("/srv/legacy", False),
    ("/usr/local/lib/python3.12", True),
    (_SITE, True),
)
_INSTALLED = (
    ("celery", "5.4.0", ("kombu>=5.3", "redis>=5")),
    ("kombu", "5.4.2", ()),
    ("pip", "24.3.1", ()),
    ("redis", "5.2.0", ()),
)
