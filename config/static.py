"""Static files: hashed names and compression once collected, plain names before that."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    # A page must not fail because `collectstatic` has not run yet, as in tests and on a first `doctor`.
    manifest_strict = False
