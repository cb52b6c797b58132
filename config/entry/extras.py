"""Which Handrail is installed, and how to install more of it the same way."""

import json
import os
import sys
from importlib import metadata
from pathlib import Path


def version() -> str:
    """The installed version."""
    try:
        return metadata.version("handrail")
    except metadata.PackageNotFoundError:
        return "from a checkout"


def how_to_install(extra: str) -> str:
    """The command that adds an extra, for uv's and pipx's tools or a plain environment."""
    wanted = f"'handrail[{extra}]{_origin()}'"
    folder = Path(sys.prefix)
    if folder.parent.name == "tools" and (folder / "uv-receipt.toml").exists():
        return f"uv tool install --force {wanted}"
    if folder.parent.name == "venvs" and (folder / "pipx_metadata.json").exists():
        return f"pipx install --force {wanted}"
    return f"{os.path.normpath(sys.executable)} -m pip install {wanted}"


def _origin() -> str:
    """Where it came from, unless from the package index: PEP 610's `direct_url.json`."""
    try:
        text = metadata.distribution("handrail").read_text("direct_url.json") or "{}"
        known = json.loads(text)
    except (metadata.PackageNotFoundError, ValueError):
        return ""
    url = str(known.get("url", ""))
    if version_control := known.get("vcs_info"):
        revision = version_control.get("requested_revision") or version_control.get("commit_id", "")
        return f" @ {version_control['vcs']}+{url}@{revision}"
    return f" @ {url}" if url else ""
