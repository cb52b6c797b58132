"""Alembic's revisions, as a collector tells of them: judged by the checker, said at the line that sends a statement."""
