"""Static files: hashed names and compression once collected, plain names before that."""

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """A page must not fail because `collectstatic` has not run yet, as in tests and before the first `up`."""

    manifest_strict = False

    def create_compressor(self, **options: Any) -> Any:
        """By gzip alone: brotli, which is here for what SDKs send, would make the first start 5 s longer."""
        return super().create_compressor(use_brotli=False, **options)

    def stored_name(self, name: str) -> str:
        # WhiteNoise serves what was collected when the process started. The names must be of that moment too: a
        # collection that runs beside the first start writes files that WhiteNoise has never seen.
        if self.hash_key(self.clean_name(name)) not in self.hashed_files:
            return name
        return str(super().stored_name(name))

    def hashed_name(self, name: str, content: Any = None, filename: str | None = None) -> str:
        try:
            return str(super().hashed_name(name, content, filename))
        except ValueError:
            return name


_LEFT_OUT = ["redoc", "rest_framework", "*.map"]
"""What no page asks for: a second viewer of the API, REST framework's own pages, a debugger's maps. To compress them
would take most of the time of a first start."""


def is_collected() -> bool:
    """Whether the collected files are those that are installed now."""
    stamp = settings.DATA_DIR / "static.stamp"
    return stamp.exists() and stamp.read_text() == _fingerprint()


def collect() -> None:
    """Collect, compress and name the static files by their content."""
    found = _fingerprint()
    call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=_LEFT_OUT)
    (settings.DATA_DIR / "static.stamp").write_text(found)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(_LEFT_OUT):
            status = (path, storage.size(path), storage.get_modified_time(path))
            digest.update(repr(status).encode())
    return digest.hexdigest()
