"""Alerts: what of the trail opens a bug or sends a message."""
