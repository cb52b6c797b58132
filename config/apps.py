from django.apps import AppConfig
from django.conf import settings


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Service"

    def ready(self) -> None:
        if settings.DATABASE["ENGINE"].endswith("postgresql"):
            _reconnect_each_second()


def _reconnect_each_second() -> None:
    """Let PostgreSQL's pool try again each second, and not after 1, 2, 4, 8, ... of them.

    Requests wait for the next try: after a restart that took 5 seconds, the first ones waited some 8 more.
    """
    from psycopg_pool.base import AttemptWithBackoff

    AttemptWithBackoff.DELAY_BACKOFF = 1.0
