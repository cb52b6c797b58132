"""Upgrades an Alembic project's database and prints, by revision, every statement that changed the schema.

    PYTHON truth_alembic.py ALEMBIC.INI

It runs under the project's own Python, with its own driver, and knows nothing of Handrail.
"""

import json
import os
import sys

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import Engine

CHANGES = ("CREATE", "ALTER", "DROP", "COMMENT", "TRUNCATE")
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sent, per = [], {}


@event.listens_for(Engine, "before_cursor_execute")
def keep(connection, cursor, statement, parameters, context, many):
    if statement.lstrip().upper().startswith(CHANGES) and "alembic_version" not in statement:
        sent.append(statement)


config = Config(sys.argv[1])
script = ScriptDirectory.from_config(config)
for revision in reversed(list(script.walk_revisions())):
    del sent[:]
    command.upgrade(config, revision.revision)
    per[revision.revision] = list(sent)
json.dump(per, out)
out.close()
