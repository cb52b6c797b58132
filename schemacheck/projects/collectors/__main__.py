"""`PYTHON .../collectors NAME < question.json > answer.json`, under whatever Python the project has.

The answer is JSON and the only thing on stdout: what settings, env.py and migrations print goes to stderr.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import sys
import traceback
from typing import Any

NAME = "handrail_collectors"
"""The package's name there: nothing of ours is put on the project's path, so nothing of the project's is hidden."""
HERE = os.path.dirname(os.path.abspath(__file__))
CONNECTING_SECONDS = 10.0
_FRAMES = 25


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # An import that opens a connection to nowhere would hold the check until its time is over.
    socket.setdefaulttimeout(CONNECTING_SECONDS)
    os.environ.setdefault("PGCONNECT_TIMEOUT", "3")
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != os.path.realpath(HERE)]
    asked = json.load(sys.stdin)
    answer: dict[str, Any] = {"python": "{}.{}.{}".format(*sys.version_info)}
    try:
        answer.update(_collector(sys.argv[1], asked.get("typed") or {}).collect(asked))
    except BaseException as error:  # noqa: BLE001  -- a project may raise anything, and may end its process
        answer["refused" if type(error).__name__ == "Refused" else "failed"] = _told(error)
    json.dump(answer, out, default=str)
    out.close()
    sys.stderr.flush()
    os._exit(0)  # threads a project left behind would hold the process


def _collector(name: str, typed: dict[str, str]) -> Any:
    spec = importlib.util.spec_from_file_location(
        NAME, os.path.join(HERE, "__init__.py"), submodule_search_locations=[HERE]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
    if typed:
        importlib.import_module(f"{NAME}.typed").take(typed)
    return importlib.import_module(f"{NAME}.{name}")


def _told(error: BaseException) -> dict[str, Any]:
    """The error with the frames that are the project's."""
    frames = [(frame.filename, frame.lineno, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    own = [frame for frame in frames if not frame[0].startswith((HERE, "<frozen"))]
    told = {"type": type(error).__name__, "message": str(error)[:2000], "frames": own[-_FRAMES:]}
    for name in ("field", "code", "detail", "filename", "lineno"):
        if isinstance(getattr(error, name, None), (str, int)):
            told[name] = getattr(error, name)
    return told


if __name__ == "__main__":
    main()
