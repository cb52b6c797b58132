"""Maintenance: planning it, and the notices when it begins and ends."""
