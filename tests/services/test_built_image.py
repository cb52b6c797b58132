"""The image, built on a real engine over a base that is made here, and run: as the command, and as the service."""

import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.services import base_image
from tests.services.docker_engine import OURS
from tests.services.stack import ROOT, wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(3600)]
TAG = "handrail-built:test"


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient) -> Iterator[str]:
    """Built as `docker build --build-arg BASE=... --network none .` builds it, of the files under version control."""
    base = base_image.make(engine)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = b"\0".join(name for name in listed.stdout.split(b"\0") if name and (ROOT / name.decode()).is_file())
    with subprocess.Popen(
        ["tar", "--null", "-T", "-", "-cf", "-"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as packing:
        context = packing.communicate(names)[0]
    engine.images.build(
        fileobj=io.BytesIO(context),
        custom_context=True,
        tag=TAG,
        buildargs={"BASE": base},
        network_mode="none",
        rm=True,
    )
    yield TAG
    engine.images.remove(TAG, force=True)


@pytest.fixture
def said(engine: docker.DockerClient, image: str) -> Any:
    """Runs the command to its end: exit code, stdout and stderr."""

    def run(*words: str, **options: Any) -> tuple[int, str, str]:
        container = engine.containers.create(image, list(words), labels=OURS, network_mode="none", **options)
        try:
            container.start()
            code = container.wait()["StatusCode"]
            out, err = (container.logs(stdout=first, stderr=not first).decode() for first in (True, False))
            return code, out, err
        finally:
            container.remove(force=True)

    return run


def test_the_image_is_the_command_on_files_that_are_mounted(said: Any, tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "bad.sql").write_text("CREATE TABEL t (id int);\n")
    tmp_path.chmod(0o755)
    mounted = {"volumes": {str(tmp_path): {"bind": "/src", "mode": "ro"}}, "working_dir": "/src"}
    code, out, err = said("schemacheck", "db", "--format", "json", **mounted)
    assert (code, err) == (1, "")
    assert json.loads(out)["errors"][0]["sqlstate"] == "42601"
    assert said("schemacheck", "--no-such", **mounted)[0] == 2


COMPILED = """
import importlib.util, os, pathlib, sys, sysconfig
assert os.getuid() == 10001, os.getuid()
assert not os.access("/app/config", os.W_OK)
for name in ("/app/config/home.py", "/app/schemacheck/alone.py", sysconfig.get_path("stdlib") + "/argparse.py"):
    compiled = importlib.util.cache_from_source(name)
    assert os.path.getmtime(compiled) and os.access(compiled, os.R_OK), compiled
print(pathlib.Path("/usr/local/bin/handrail").resolve())
"""


def test_its_user_may_write_nothing_and_need_compile_nothing(said: Any) -> None:
    code, out, err = said("-c", COMPILED, entrypoint=["python"])
    assert (code, out.strip()) == (0, "/app/config/entry/__main__.py"), err


def test_without_words_it_serves(engine: docker.DockerClient, image: str) -> None:
    container = engine.containers.run(image, detach=True, labels=OURS, network_mode="none")
    asking = "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=5)"

    def answers() -> bool:
        container.reload()
        assert container.status == "running", container.logs().decode()[-4000:]
        return bool(container.exec_run(["python", "-c", asking]).exit_code == 0)

    try:
        wait_until(answers, "the service answers")
        listed = container.exec_run(["handrail", "apikey", "list"], user="handrail")
        assert (listed.exit_code, b"first" in listed.output) == (0, True), listed.output
        assert container.exec_run(["ls", "/data/handrail.sqlite3"]).exit_code == 0
    finally:
        container.remove(force=True)
