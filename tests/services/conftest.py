"""Fixtures of the tests with real servers."""

from tests.services.containers import engine, run

__all__ = ["engine", "run"]
