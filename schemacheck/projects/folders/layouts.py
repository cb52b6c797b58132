"""Which tool a folder of SQL was written for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemacheck.projects.folders import liquibase, marked, named
from schemacheck.projects.folders.migration import Found

Texts = Mapping[Path, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """`is_used` tells it by names and first lines; `read` orders and cuts the files."""

    is_used: Callable[[Texts], bool]
    read: Callable[[Texts], Found]


LAYOUTS = {
    "liquibase": Layout(liquibase.is_liquibase, liquibase.liquibase),
    "dbmate": Layout(marked.is_dbmate, marked.dbmate),
    "goose": Layout(marked.is_goose, marked.goose),
    "flyway": Layout(named.is_flyway, named.flyway),
    "prisma": Layout(named.is_prisma, named.prisma),
    "supabase": Layout(named.is_supabase, named.supabase),
    "atlas": Layout(named.is_atlas, named.atlas),
    "drizzle": Layout(named.is_drizzle, named.drizzle),
    "sqlx": Layout(named.is_sqlx, named.sqlx),
    "golang-migrate": Layout(named.is_paired, named.golang_migrate),
}
"""The surest sign first."""
PLAIN = "plain"
"""No tool: each file is a script of its own."""


def detect(texts: Texts) -> str:
    """The layout of these files, `plain` where nothing tells of one."""
    return next((name for name, layout in LAYOUTS.items() if layout.is_used(texts)), PLAIN)
