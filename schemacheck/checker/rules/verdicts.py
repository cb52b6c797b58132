"""The verdicts of the proof: what the server itself would say, and notes on how far the proof went."""

from schemacheck.checker.findings import Severity
from schemacheck.checker.rules.registry import Rule, enlist

_ERRORS = """
syntax-error 42601 The statement does not parse
unreadable-statement 22021,54001 The statement has characters or a depth that no parser takes
newer-syntax 42601 The server is too old for this syntax
undefined-table 42P01 A table that is not there
undefined-column 42703 A column that is not there
undefined-type 42704 A type that is not there
undefined-schema 3F000 A schema that is not there
undefined-index 42704 An index that is not there
undefined-constraint 42704 A constraint that is not there
undefined-role 42704 A role that is not there
undefined-function 42883 A function or operator that is not there
duplicate-table 42P07 The name of a relation is taken
duplicate-column 42701 A column is there twice
duplicate-constraint 42710 The name of a constraint is taken
duplicate-type 42710 The name of a type is taken
duplicate-schema 42P06 The name of a schema is taken
multiple-primary-keys 42P16 More than one primary key
too-many-columns 54011 More than 1,600 columns
conflicting-column-options 42601 Options of a column contradict one another
invalid-column-type 42P16 A type that no column can have
invalid-type-modifier 22023 A length or precision out of range
invalid-identity 22023 An identity column that cannot be one
invalid-expression 42P17 A default, check or generated column that is not allowed
invalid-literal 22P02 A constant that is not a value of its type
invalid-index 55000 An index that cannot become a constraint
invalid-definition 42P17,42P16,0A000 A definition the server refuses, as it said itself on empty copies
invalid-parameter 22023 A parameter that is unknown or out of range
undefined-object 42704 An object that is not there
duplicate-object 42710 The name of an object is taken
existing-rows-violate 22001,23502,23503,23505,23514,23P01 Rows that are there do not meet what is demanded of them
datatype-mismatch 42804 A value of one type where another is needed
no-operator-class 42704 A type without the operators an index needs
foreign-key-not-unique 42830 A foreign key to columns that are not unique
foreign-key-columns 42830 A foreign key with more columns on one side
foreign-key-type 42804 A foreign key between types that cannot be compared
foreign-key-persistence 42P16 A foreign key from a permanent table to a temporary one, or the like
inherited-column 42P16 A column that belongs to a parent table
inherited-constraint 42P16 A constraint that belongs to a parent table
partition-bound 42P17 A bound that does not fit the key of its table, or that another partition has taken
partition-key 42P17 What no table can be partitioned by, or a unique constraint that lacks the partition key
primary-key-column 42P16 A column of the primary key cannot be NULL
generated-column 42601 A generated column cannot be changed so
system-column 0A000 System columns cannot be changed
wrong-object-kind 42809 Not the kind of object the statement is for
dependent-objects 2BP01 Other objects depend on it
pending-trigger-events 55006 Triggers of the transaction still wait on the table
permission 42501 The role may not do that
"""
_UNCHECKED = """
check-stopped The check ran out of time or memory before the end of the script
statement-too-long The statement is too long to be checked
file-not-checked A file that was named and could not be looked at
"""
_WARNINGS = """
already-exists It exists already, so nothing would be done
nothing-to-do It does not exist, so nothing would be done
foreign-key-type-differs A foreign key between types that differ, though they can be compared
empty-script There is nothing to check
ignore-malformed A comment to us that nobody can read
ignore-stale A comment that ignores what is not found
"""
_SQLITE = """
sqlite-error error SQLite refuses the statement
sqlite-unknown-type warning SQLite takes any word for a type and guesses what it means
sqlite-foreign-key-target warning A foreign key to a table or column that is not there, or is not unique
sqlite-required-column warning ADD COLUMN NOT NULL without a default fails when there are rows
sqlite-added-column warning ADD COLUMN that SQLite takes only while the table is empty
sqlite-required-value warning Rows get no value, or perhaps NULL, where a column requires one
sqlite-referenced-table warning DROP TABLE of a table that rows of others may refer to
sqlite-unique-index suggestion A unique index fails where two rows are alike
sqlite-not-executed suggestion The statement is not a definition and was only parsed
"""

for _line in _ERRORS.strip().splitlines():
    _code, _state, _title = _line.split(" ", 2)
    enlist(
        Rule(
            code=_code,
            family="verdicts",
            severity=Severity.ERROR,
            title=_title,
            why="The server refuses the statement.",
            sqlstate=_state,
        )
    )
for _line in _UNCHECKED.strip().splitlines():
    _code, _title = _line.split(" ", 1)
    enlist(
        Rule(
            code=_code,
            family="verdicts",
            severity=Severity.ERROR,
            title=_title,
            why="What was not looked at is not valid.",
        )
    )
for _line in _WARNINGS.strip().splitlines():
    _code, _title = _line.split(" ", 1)
    enlist(
        Rule(
            code=_code,
            family="verdicts",
            severity=Severity.WARNING,
            title=_title,
            why="The server accepts the statement; it may not do what was meant.",
        )
    )
for _line in _SQLITE.strip().splitlines():
    _code, _severity, _title = _line.split(" ", 2)
    enlist(
        Rule(
            code=_code,
            family="sqlite",
            severity=Severity(_severity),
            title=_title,
            why="SQLite's own verdict, had on a copy of the schema in memory.",
            dialect="sqlite",
        )
    )
enlist(
    Rule(
        code="proof-limited",
        family="verdicts",
        severity=Severity.SUGGESTION,
        title="The check did not go as far as was asked",
        why="Each statement says in `proof` how far it was checked.",
    )
)
