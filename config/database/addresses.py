"""A database beside the configured one, by its address, for as long as it is needed."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from config.environment import described


@contextmanager
def opened(address: str, *, alias: str, named: str) -> Iterator[BaseDatabaseWrapper]:
    """The database at an address, under an alias for Django's commands. Raises ImproperlyConfigured."""
    known = connections.configure_settings({"default": {}, alias: described(address, named)})
    connections.settings[alias] = known[alias]
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]
