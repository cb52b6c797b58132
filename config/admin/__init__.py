"""The base of every table's pages, and the pages of the ground floor's own tables."""

from config.admin import keys, people, service  # noqa: F401  -- which register theirs
from config.admin.tool import ReadOnlyAdmin, ReadOnlyInline, ToolAdmin, pretty

__all__ = ["ReadOnlyAdmin", "ReadOnlyInline", "ToolAdmin", "pretty"]
