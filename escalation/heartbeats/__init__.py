"""Heartbeats: a bug opens when something stops reporting, and closes when it returns."""
