"""The service's own settings, with what a test run must have otherwise."""

import os
import tempfile

FOLDER_PREFIX = "handrail-test-"

if "DATA_DIR" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:  # a folder for each process
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix=FOLDER_PREFIX)
# A cluster for each, too. The processes it starts are given addresses, so that they must not choose again.
if (worker := os.environ.get("PYTEST_XDIST_WORKER")) and (servers := os.environ.pop("DATABASE_URLS", "")):
    os.environ["DATABASE_URL"] = servers.split()[int(worker.removeprefix("gw"))]
os.environ.setdefault("SECRET_KEY", "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz")

from config.settings import *  # noqa: E402, F403

THROTTLE_RATE = "0/minute"
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; the accounts are made up

if DATABASE["ENGINE"] == "django.db.backends.sqlite3":  # noqa: F405
    # A file, as in use: threads that share a database in memory get "table is locked" instead of waiting.
    DATABASE["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}  # noqa: F405
