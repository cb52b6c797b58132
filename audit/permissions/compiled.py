"""The rules as a signed file, so that a hook can decide without starting Django, and the spool of what it decided.

Both lie in DATA_DIR/hooks. The file says when it was made and for which database; it counts for a minute, and every
change of a rule writes it anew. A decision that cannot be spooled is not given. What others could have written counts
for nothing: files and folder must be ours alone, and both the rules and the spooled decisions are signed.
"""

# pathlib and contextlib, with what they import, would be a tenth of a hook's time.

import hashlib
import hmac
import json
import os
import stat
import time
from collections.abc import Mapping, Sequence
from typing import Any

from audit.permissions.bounds import Chosen, Excepted, Held, Overdrawn, Permitted
from audit.permissions.rules import Rule

FRESH_SECONDS = 60
VERSION = 4
_DECIDING = ("tool", "specifier", "decision", "reason", "agent", "uid", "id", "safer", "spares")
_MAX_BYTES = 64 * 1024 * 1024


class NotUsable(Exception):
    """The compiled file is missing, old, of another database, or not ours; or a spooled decision is not."""


def folder(data_dir: str | os.PathLike[str]) -> str:
    return os.path.join(data_dir, "hooks")


def source_of(database_url: str) -> str:
    """Which database rules come from; only a hash, since the address has a password."""
    return hashlib.sha256(database_url.encode()).hexdigest()


def read(data_dir: str | os.PathLike[str], source: str) -> Held:
    """The rules of the file, and what is set beside them. Raises NotUsable."""
    place = folder(data_dir)
    body, changed_at = _signed(place, os.path.join(place, "rules.json"))
    try:
        known = json.loads(body)
        age = time.time() - known["made_at"]
        if known["version"] != VERSION or known["source"] != source:
            raise NotUsable("is of another version or database")
        if not -1 <= age <= FRESH_SECONDS or abs(changed_at - known["made_at"]) > FRESH_SECONDS:
            raise NotUsable("is not fresh")
        return Held(
            [_rule(item) for item in known["rules"]],
            [Chosen(*item) for item in known["postures"]],
            [Excepted(*item) for item in known["exceptions"]],
            [Permitted(*item) for item in known["permitted"]],
            [Overdrawn(*item) for item in known["overdrawn"]],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise NotUsable("cannot be understood") from error


def write(data_dir: str | os.PathLike[str], source: str, held: Held) -> None:
    """Write what decides for hooks to read; no hook ever sees half of it."""
    place = folder(data_dir)
    os.makedirs(place, mode=0o700, exist_ok=True)
    rules = [{name: getattr(rule, name) for name in _DECIDING} for rule in held.rules]
    beside = {name: getattr(held, name) for name in ("postures", "exceptions", "permitted", "overdrawn")}
    known = {"version": VERSION, "source": source, "made_at": time.time(), "rules": rules, **beside}
    body = json.dumps(known).encode()
    _replace(os.path.join(place, "rules.json"), _sign(_key(place), body) + b"\n" + body)


def forget(data_dir: str | os.PathLike[str]) -> None:
    """Make hooks ask the database."""
    _remove(os.path.join(folder(data_dir), "rules.json"))


def spool(data_dir: str | os.PathLike[str], records: Sequence[Mapping[str, Any]]) -> None:
    """Keep what a hook decided until the worker records it, all of it or nothing. Raises OSError, and then the
    decisions must not count."""
    if not records:
        return
    place = os.path.join(folder(data_dir), "spool")
    os.makedirs(place, mode=0o700, exist_ok=True)
    body = json.dumps(records).encode()
    content = _sign(_key(folder(data_dir)), body) + b"\n" + body
    # One file a hook: no lock to wait for, no line can be torn, and of several calls none is recorded without the rest.
    _replace(os.path.join(place, f"{time.time_ns():020d}-{records[0]['id']}.json"), content)


def unspool(data_dir: str | os.PathLike[str], path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """What one hook decided. Raises NotUsable for what no hook of this service wrote."""
    body, _ = _signed(folder(data_dir), path)
    try:
        known = json.loads(body)
    except ValueError as error:
        raise NotUsable("cannot be understood") from error
    records = [known] if isinstance(known, dict) else known  # a hook of a release before this one left a single record
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise NotUsable("cannot be understood")
    return records


def spooled(data_dir: str | os.PathLike[str], ending: str = ".json") -> list[str]:
    """The records that wait, oldest first."""
    place = os.path.join(folder(data_dir), "spool")
    if not os.path.isdir(place):
        return []
    return [os.path.join(place, name) for name in sorted(os.listdir(place)) if name.endswith(ending)]


def _signed(place: str, path: str | os.PathLike[str]) -> tuple[bytes, float]:
    """What a signed file of ours holds, and when it was written. Raises NotUsable."""
    try:
        known = os.stat(place)
        if known.st_mode & 0o022 or known.st_uid not in (0, os.geteuid()):
            raise NotUsable("lies in a folder that others can write")
        key, _ = _read_own(os.path.join(place, "key"), 1024, private=True)
        content, changed_at = _read_own(path, _MAX_BYTES, private=False)
    except OSError as error:
        raise NotUsable(f"cannot be read: {error.strerror}") from error
    signature, _, body = content.partition(b"\n")
    if len(key) < 32 or not hmac.compare_digest(signature, _sign(key, body)):
        raise NotUsable("is not signed by this service")
    return body, changed_at


def _read_own(path: str | os.PathLike[str], limit: int, *, private: bool) -> tuple[bytes, float]:
    """A regular file that only we or root could have written, and when. Never waits, as for a pipe in its place."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        known = os.fstat(file.fileno())
        if not stat.S_ISREG(known.st_mode) or known.st_uid not in (0, os.geteuid()) or known.st_size > limit:
            raise NotUsable("is no file of ours")
        if known.st_mode & (0o077 if private else 0o022):
            raise NotUsable("can be read or written by others")
        return file.read(limit), known.st_mtime


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode()


def _key(place: str) -> bytes:
    path = os.path.join(place, "key")
    if not os.path.exists(path):
        draft = f"{path}.{os.getpid()}"
        _write_private(draft, os.urandom(32).hex().encode())
        try:
            os.link(draft, path)  # never replaces what another process made first
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    with open(path, "rb") as file:
        return file.read(1024)


def _replace(target: str, content: bytes) -> None:
    place, name = os.path.split(target)
    draft = os.path.join(place, f".{name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        _write_private(draft, content)
        os.replace(draft, target)
    except OSError:
        _remove(draft)
        raise


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _write_private(path: str, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def _rule(known: Mapping[str, Any]) -> Rule:
    return Rule(**{name: known[name] for name in _DECIDING})
