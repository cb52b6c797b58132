"""Clients of databases: the SQL they get, and their own ways to run commands."""

import re

from audit.shell.options import Options, scan
from audit.shell.run import Run
from audit.shell.words import plain

SQL_CLIENTS: dict[str, tuple[str, ...]] = {
    "psql": ("c", "command"),
    "pgcli": ("c", "command"),
    "mysql": ("e", "execute"),
    "mariadb": ("e", "execute"),
    "mycli": ("e", "execute"),
    "sqlcmd": ("Q", "q"),
    "duckdb": ("c", "s"),
    "clickhouse-client": ("q", "query"),
    "clickhouse": ("q", "query"),
    "cockroach": ("e", "execute"),
    "bq": (),
    "snowsql": ("q", "query"),
    "sqlite3": ("cmd",),
    "sqlite": ("cmd",),
    "usql": ("c", "command"),
}
_SQL_OPTIONS: dict[str, Options] = {
    "psql": Options.of(
        "c command d dbname f file h host p port U username v set variable o output L log-file F R P T pset"
        " field-separator record-separator table-attr",
        "a A b e E H l n q s S t V w W x X z 0 1 expanded csv html no-align no-readline quiet echo-all echo-errors"
        " echo-queries echo-hidden list no-psqlrc single-line single-step single-transaction tuples-only version"
        " no-password password help",
    ),
    "mysql": Options.of(
        "e execute h host P port u user D database S socket default-character-set ssl-ca ssl-cert ssl-key ssl-mode"
        " delimiter init-command protocol defaults-file defaults-extra-file pager tee",
        "p password A B b C E f H i N n q r s t T U v V w X batch raw silent table vertical xml force compress verbose",
    ),
    "sqlite3": Options.of(
        "cmd init separator newline nullvalue mmap",
        "A append ascii bail batch box column csv echo header noheader help html interactive json line list markdown"
        " memtrace nofollow quote readonly safe stats table tabs version deserialize",
    ),
}
_SQL_OPTIONS["mariadb"] = _SQL_OPTIONS["mysql"]
_SQL_OPTIONS["sqlite"] = _SQL_OPTIONS["sqlite3"]


# Commands of psql and sqlite3 that only show something; every other one may run, read or write.
_ONLY_SHOWS = re.compile(
    r"\\(?:d\w*[+S]*|l\+?|z|x|timing|conninfo|encoding|pset|[aHtqrp?h]|echo|qecho)|\.(?:tables|schema|headers?|mode|width|"
    r"nullvalue|separator|timer|stats|show|help|quit|exit|explain|eqp|changes|echo|bail|indexes|databases|dbinfo|dump|"
    r"fullschema|limit|lint|print|prompt|timeout|version)"
)


def sql_client(run: Run) -> None:
    """SQL in the arguments or the input; a file of SQL is in doubt."""
    names = SQL_CLIENTS[run.name]
    words = run.words
    if run.name in ("mysql", "mariadb"):  # -p holds the password itself, or nothing
        words = [word for word in words if not word.startswith("-p")]
    found = scan(words, _SQL_OPTIONS.get(run.name, Options.of(" ".join(names), "")))
    statements = found.values(*names)
    operands = words[found.end :]
    for path in found.values("f", "file", "init", "defaults-file", "defaults-extra-file"):
        run.doubt("runs SQL from a file that is not looked at", script=plain(path))
    statements += found.values("init-command")
    for path in found.values("tee", "log-file", "output", "o"):
        run.finder.write(path)
    if found.values("pager"):
        run.doubt("a client of a database with a pager")
    if run.name in ("sqlite3", "sqlite", "duckdb"):
        statements += operands[1:]
    elif run.name in ("bq", "cockroach", "snowsql", "usql") and not statements:
        run.doubt("SQL that cannot be told from its arguments")
    if not statements and not {"version", "V", "list", "l", "help"} & set(found.given):
        _sql_input(run)
    for text in statements:
        _sql_text(run, text)


def _sql_input(run: Run) -> None:
    if run.given is not None and run.given.text is not None:
        _sql_text(run, run.given.text)
    elif run.given is not None:
        run.doubt(f"runs the SQL that {run.given.name} brings")
    else:
        run.doubt("runs the SQL it reads from its input")


def _sql_text(run: Run, text: str) -> None:
    """SQL, with the clients' own commands between its lines."""
    kept = []
    for line in text.split("\n"):
        stripped = line.strip()
        word, _, rest = stripped.partition(" ")
        if stripped.startswith("\\!") or word == "system" or re.match(r"\.(?:sh|sy)", word):
            run.code(stripped[2:] if stripped.startswith("\\!") else rest)
        elif not stripped.startswith((".", "\\")) and word != "source":
            kept.append(line)
        elif not _ONLY_SHOWS.fullmatch(word) or re.search(r"[|`]", stripped):
            run.doubt("a command of the client that may run or write something")
    if "\n".join(kept).strip():
        run.finder.sql("\n".join(kept), run.text)


HANDLERS = dict.fromkeys(SQL_CLIENTS, sql_client)
