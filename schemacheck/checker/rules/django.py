"""What only a look at the migration's Python can tell. The examples are operations of a migration."""

from schemacheck.checker.findings import Severity
from schemacheck.checker.rules.registry import Rule, enlist


def _rule(code: str, severity: Severity, title: str, why: str, bad: str = "", good: str = "", state: str = "") -> None:
    enlist(
        Rule(
            code=code,
            family="django",
            severity=severity,
            title=title,
            why=why,
            bad=bad,
            good=good,
            sqlstate=state or None,
            dialect="django",
        )
    )


_rule(
    "migration-conflict",
    Severity.ERROR,
    "Two last migrations in one app",
    "Django cannot tell which comes last and refuses to migrate; they were made on two branches.",
)
_rule(
    "migration-missing-dependency",
    Severity.ERROR,
    "A migration depends on one that is not there",
    "Django refuses to load any migration until the name is right or the file is back.",
)
_rule(
    "migration-unreadable",
    Severity.ERROR,
    "A migration that cannot be loaded",
    "Django imports every migration; one that fails stops them all.",
)
_rule(
    "migration-trial-failed",
    Severity.ERROR,
    "A migration that failed when it was tried",
    "It was run on a scratch database behind all that comes before it, and the server or its own Python refused.",
)
_rule(
    "migration-history",
    Severity.ERROR,
    "Applied before what it depends on",
    "The database and the files tell different histories, and Django refuses to migrate.",
)
_rule(
    "migration-irreversible",
    Severity.WARNING,
    "An operation that cannot be reversed",
    "When the release has to be taken back, the migration cannot be: give it reverse code, or noop if nothing need "
    "be undone.",
    bad="migrations.RunPython(fill_totals)",
    good="migrations.RunPython(fill_totals, migrations.RunPython.noop)",
)
_rule(
    "migration-direct-import",
    Severity.WARNING,
    "A model taken from the code instead of from `apps`",
    "The migration runs against the tables of its own time, the imported model has the columns of today: it fails, "
    "or writes the wrong thing, as soon as the model changes.",
    bad="from shop.models import Order  # used by the function of a RunPython",
    good='Order = apps.get_model("shop", "Order")',
)
_rule(
    "migration-data-and-schema",
    Severity.WARNING,
    "Rows and tables changed in one transaction",
    "The tables stay locked while the rows are changed, and PostgreSQL refuses to alter a table with pending trigger "
    "events (55006).",
    bad="operations = [migrations.AddField(...), migrations.RunPython(fill, clear)]",
    good="operations = [migrations.RunPython(fill, clear)]  # in a migration of its own",
)
_rule(
    "migration-not-atomic",
    Severity.WARNING,
    "atomic = False with more than one thing to do",
    "When a later operation fails, the earlier ones stay, and the migration can be neither repeated nor reversed.",
    bad="atomic = False\noperations = [AddIndexConcurrently(...), migrations.AddField(...)]",
    good="atomic = False\noperations = [AddIndexConcurrently(...)]",
)
_rule(
    "migration-sql-formatted",
    Severity.WARNING,
    "SQL put together from values",
    "A quote in a value ends the string it stands in: pass values as parameters, quote names with quote_name.",
    bad="cursor.execute(f\"UPDATE shop_order SET note = '{note}'\")",
    good='cursor.execute("UPDATE shop_order SET note = %s", [note])',
)
_rule(
    "migration-default-dropped",
    Severity.SUGGESTION,
    "A required column whose default only Django knows",
    "Django fills the old rows and drops the default again, so code that runs until the release is out, and does not "
    "know the column, cannot insert rows (23502).",
    bad="migrations.AddField('order', 'currency', models.CharField(default='EUR', max_length=3))",
    good="migrations.AddField('order', 'currency', models.CharField(db_default='EUR', max_length=3))",
)
_rule(
    "migration-not-written",
    Severity.SUGGESTION,
    "An operation whose SQL is not known",
    "It runs Python, or depends on what is in the database; what it does there was not checked. A trial on a copy "
    "shows it.",
)
