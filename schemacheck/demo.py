"""A few checks a team might have made on one morning."""

from config.context import acting_as
from schemacheck import checks
from schemacheck.models import Check

ACTOR = "demo-agent"
ORDERS = """\
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE
);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  placed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON orders (customer_id);
"""
SCRIPTS = [
    ORDERS,
    "CREATE TABLE invoices (\n  number varchr(20),\n  total numeric(12,2),\n  total numeric\n);",
    "ALTER TABLE orders ALTER COLUMN total SET NOT NULL;\nCREATE INDEX orders_total ON orders (total);",
    "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();\nALTER TABLE orders DROP COLUMN note;",
    "CREATE TABEL typo (id int);",
]


def load() -> None:
    """Make the demo's checks once."""
    if Check.objects.filter(requested_by=ACTOR).exists():
        return
    with acting_as(actor=ACTOR):
        for script in SCRIPTS:
            checks.check_schema(sql=script, dialect="postgresql", proof="parse")
