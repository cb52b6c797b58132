"""An Alembic project, written for a test as one is written: with branches, rows, batches and a concurrent index."""

import textwrap
from pathlib import Path

INI = """
[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = {url}
"""
ENV = """
import os
from alembic import context
from sqlalchemy import MetaData, create_engine

print("env.py says hello")
config = context.config
url = os.environ.get("SITE_URL") or config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, target_metadata=MetaData(), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection, target_metadata=MetaData())
        with context.begin_transaction():
            context.run_migrations()
"""
REVISIONS = {
    "a1": (
        None,
        """
        op.create_table(
            "shop",
            sa.Column("id", sa.BigInteger, primary_key=True),
            sa.Column("note", sa.Text),
            sa.Column("total", sa.Integer, server_default="7"),
            sa.Column("mood", sa.Enum("good", "bad", name="mood")),
        )
        op.create_table(
            "line",
            sa.Column("id", sa.BigInteger, primary_key=True),
            sa.Column("shop_id", sa.BigInteger, sa.ForeignKey("shop.id", name="line_shop"), nullable=False),
            sa.Column("price", sa.Numeric(10, 2), sa.CheckConstraint("price > 0", name="price_positive")),
        )
        op.create_index("line_price", "line", ["price"])
        """,
        'op.drop_table("line")\nop.drop_table("shop")\nop.execute("DROP TYPE mood")',
    ),
    "b2": (
        "a1",
        """
        with op.batch_alter_table("shop") as batch:
            batch.drop_column("note")
        op.alter_column("shop", "total", type_=sa.BigInteger, existing_server_default="7")
        op.add_column("line", sa.Column("label", sa.String(40), server_default="it's 5%", nullable=False))
        """,
        'op.drop_column("line", "label")\nop.add_column("shop", sa.Column("note", sa.Text))',
    ),
    "c3": (
        "b2",
        """
        with op.get_context().autocommit_block():
            op.create_index("line_label", "line", ["label"], postgresql_concurrently=True)
        """,
        'op.drop_index("line_label")',
    ),
    "d4": (
        "b2",
        """
        for row in op.get_bind().execute(sa.text("SELECT id FROM shop")):
            op.execute(sa.text("UPDATE shop SET total = 1 WHERE id = %d" % row[0]))
        op.create_unique_constraint("label_once", "line", ["label"])
        """,
        "raise NotImplementedError",
    ),
    "e5": (("c3", "d4"), "pass", "pass"),
    "f6": (
        "e5",
        """
        op.rename_table("line", "item")
        op.execute("DROP INDEX line_price")
        op.drop_column("shop", "total")
        """,
        "pass",
    ),
}
FILE = '''
"""{title}"""
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''


def write_project(folder: Path, url: str = "sqlite:///nowhere.sqlite3") -> Path:
    """The project; its alembic.ini."""
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI.format(url=url))
    (folder / "migrations" / "env.py").write_text(ENV)
    for revision, (down, upgrade, downgrade) in REVISIONS.items():
        write_revision(folder, revision, down, upgrade, downgrade)
    return folder / "alembic.ini"


def write_revision(
    folder: Path, revision: str, down: str | tuple[str, ...] | None, upgrade: str, downgrade: str = "pass"
) -> Path:
    bodies = [textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") for body in (upgrade, downgrade)]
    path = folder / "migrations" / "versions" / f"{revision}_step.py"
    text = FILE.format(title=revision, revision=revision, down=down, upgrade=bodies[0], downgrade=bodies[1])
    path.write_text(text.lstrip("\n"))
    return path
