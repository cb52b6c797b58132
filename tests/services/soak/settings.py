"""The ground floor and the soak jobs alone: what is tested is the broker, not the tools."""

from config.settings import *  # noqa: F403

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "config", "tests.services.soak"]
ROOT_URLCONF = "tests.services.soak.settings"
urlpatterns: list[object] = []
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"lease_seconds": 3, "max_deliveries": 3}
    if CELERY_BROKER_URL == BROKER  # noqa: F405
    else {"visibility_timeout": 15, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}
)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
