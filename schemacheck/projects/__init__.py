"""Checks projects that are not this service: Django's and Alembic's migrations, and folders of SQL by other tools.

Nothing here needs Django, `config` or a database of ours; `door.run` is what the commands call.
"""
