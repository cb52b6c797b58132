"""A few checks a team might have made on one morning."""

import random
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from config.context import acting_as
from config.demonstration import Act, busy_moments
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
GOOD = [
    ORDERS,
    "SET lock_timeout = '5s';\nALTER TABLE orders ADD COLUMN note text;",
    "SET lock_timeout = '5s';\nALTER TABLE customers ADD COLUMN locale text;",
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_placed ON orders (placed_at);",
]
CALLERS = {"ci": 6, "claude-key": 3, "dana": 1}
CHECKS = 45


def past(now: datetime) -> Iterator[Act]:
    """Four weeks of migrations: the first tries of agents are worse than what reaches CI."""
    if Check.objects.filter(requested_by="ci").exists():
        return
    chance = random.Random("checks")  # noqa: S311 -- the same demo each time
    for moment in busy_moments(now, CHECKS, seed="checks", recent=6):
        [caller] = chance.choices(list(CALLERS), list(CALLERS.values()))
        script = chance.choice(GOOD if chance.random() < (0.85 if caller == "ci" else 0.5) else SCRIPTS[1:])
        yield Act(at=moment, actor=caller, do=partial(_check, script))


def load() -> None:
    """Make the demo's checks once."""
    if Check.objects.filter(requested_by=ACTOR).exists():
        return
    with acting_as(actor=ACTOR):
        for script in SCRIPTS:
            _check(script)


def _check(script: str) -> None:
    checks.check_schema(sql=script, dialect="postgresql", proof="parse")
