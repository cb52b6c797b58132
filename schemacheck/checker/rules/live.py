"""What an audit of the tables there are can find."""

from schemacheck.checker.findings import Severity
from schemacheck.checker.rules.registry import Rule, enlist

_RULES = """
live-foreign-key-without-index warning A foreign key whose own side has no index | Every DELETE and key change in the \
table it refers to reads the whole referring table, under locks.
live-table-without-primary-key warning A table without a primary key | Rows cannot be told apart, replication needs \
FULL identity, and tools that page by key fail.
live-duplicate-index warning Two indexes that do the same | Each costs space and time with every write; one is enough.
live-redundant-index suggestion An index that another one begins with | The longer one serves its searches as well, \
though a little larger to read.
live-unused-index suggestion An index nobody has used | No scan since statistics began; it still costs with every \
write. Look at replicas too: their use is not counted here.
live-foreign-key-type warning A foreign key between types that differ | Comparisons convert values, and the smaller \
type runs out first.
live-foreign-key-target warning A foreign key to a table or column that is not there, or is not unique | Every INSERT \
fails with it, or it protects nothing.
live-invalid-index warning An index that was never finished | CREATE INDEX CONCURRENTLY failed: it costs with every \
write and serves no search.
live-constraint-not-validated warning A constraint that old rows may violate | It was added NOT VALID and never \
validated; the planner cannot rely on it.
live-sequence-exhaustion warning A sequence near its end | When it ends, every INSERT fails (2200H); to widen the key \
rewrites the table.
live-not-looked-at suggestion Part of the audit could not be done | The role lacks the right, or time ran out.
"""

for _line in _RULES.strip().splitlines():
    _code, _severity, _rest = _line.split(" ", 2)
    _title, _, _why = _rest.partition(" | ")
    enlist(Rule(code=_code, family="live", severity=Severity(_severity), title=_title, why=_why, dialect="live"))
