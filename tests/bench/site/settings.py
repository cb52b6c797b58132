"""The whole service, and beside it a bare view to compare with."""

from config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.bench.site"]  # noqa: F405
ROOT_URLCONF = "tests.bench.site.urls"
THROTTLE_RATE = "0/minute"
