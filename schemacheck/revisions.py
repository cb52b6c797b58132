"""Which files changed since a revision of git, so that only those are checked."""

import shutil
import subprocess
from pathlib import Path

from config.errors import DomainError

_SECONDS = 30


class UnknownRevision(DomainError):
    code = "unknown-revision"
    remedy = "name a revision of this repository"


def changed_since(revision: str, *, folder: Path | None = None) -> set[Path]:
    """Files that differ from where a revision and HEAD parted, and files git does not know yet, as absolute paths.

    Raises UnknownRevision where git is absent, the folder is no checkout, or the revision is unknown.
    """
    where = folder or Path.cwd()
    root = Path(_git(where, "rev-parse", "--show-toplevel").rstrip("\n"))
    changed = _git(
        root, "diff", "--name-only", "-z", "--diff-filter=d", "--merge-base", "--end-of-options", revision, "--"
    )
    unknown = _git(root, "ls-files", "-z", "--others", "--exclude-standard")
    return {(root / name).resolve() for name in (changed + unknown).split("\0") if name}


def _git(folder: Path, *arguments: str) -> str:
    program = shutil.which("git")
    if program is None:
        raise UnknownRevision("There is no git here, which knows what changed. Name the files instead.")
    try:
        done = subprocess.run(  # noqa: S603  -- no shell, and --end-of-options before what a person gave
            [program, *arguments], cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnknownRevision(f"git took more than {_SECONDS} seconds. Name the files instead.") from error
    if done.returncode:
        said = (done.stderr.strip() or "git failed").splitlines()[0]
        raise UnknownRevision(f"git cannot say what changed: {said}. Name a revision it has, such as main.")
    return done.stdout
