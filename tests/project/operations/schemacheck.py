"""The operations that check SQL, migrations and tables."""

from tests.project.operations.terms import BUDGET, PARTS, Operation

OUTSIDE = "a project on the machine of who asks: no request makes a server read its files or run a project's code"

OPERATIONS = [
    Operation(
        calls=("schemacheck.checks.check_schema", "schemacheck.checks.request_check"),
        doors={
            "rest": "POST schemacheck/validate",
            "mcp": "validate_schema",
            "command": "schemacheck",
            "admin": "schemacheck.admin.CheckForm",
        },
        own={
            "rest": {"background": "a program leaves a script of megabytes to a worker"},
            "mcp": {"subject": PARTS},
            "admin": {"subject": PARTS},
            "command": {
                "paths": "files and folders hold the SQL",
                "assume_in_transaction": "the policy of the project that the shell stands in",
                "config": "the policy of the project that the shell stands in",
                "ignore": "the policy of the project that the shell stands in",
                "pg_version": "the policy of the project that the shell stands in",
                "select": "the policy of the project that the shell stands in",
                "baseline": "how a pipeline reads the outcome",
                "format": "how a pipeline reads the outcome",
                "since": "how a pipeline reads the outcome",
                "strict": "how a pipeline reads the outcome",
                "write_baseline": "how a pipeline reads the outcome",
                "django": OUTSIDE,
                "alembic": OUTSIDE,
                "section": OUTSIDE,
                "current": OUTSIDE,
                "python": OUTSIDE,
                "scratch": OUTSIDE,
                "time_limit": OUTSIDE,
                "layout": "files and folders hold the SQL",
                "down": "files and folders hold the SQL",
                "live": PARTS,
                "migrations": PARTS,
                "trial": PARTS,
            },
        },
        differs={
            "mcp": {
                "sql": "an agent waits, so a tool takes what a request may, and other subjects have none",
                "database": "the aliases are the installation's, not the tool's",
            },
            "command": {
                "sql": "a flag: --sql prints that of the migrations",
                "database": "an alias is looked up when it is used",
            },
            "admin": {"database": "the choices are made with the form"},
        },
    ),
    Operation(
        calls=("schemacheck.django_migrations.reviewing.check_migrations",),
        doors={"rest": "POST schemacheck/migrations"},
        without={
            "mcp": "validate_schema with the subject migrations",
            "command": "schemacheck --migrations",
            "admin": "the form with the subject migrations",
        },
    ),
    Operation(
        calls=("schemacheck.live.audit_live_schema",),
        doors={"rest": "POST schemacheck/live"},
        without={
            "mcp": "validate_schema with the subject tables",
            "command": "schemacheck --live",
            "admin": "the form with the subject tables",
        },
    ),
    Operation(
        calls=("schemacheck.django_migrations.trying.try_migrations",),
        doors={"rest": "POST schemacheck/migrations/trial"},
        without={
            "mcp": BUDGET,
            "command": "schemacheck --trial",
            "admin": "it takes minutes; a shell or a program waits",
        },
    ),
]
APART: dict[str, str] = {
    "schemacheck.checks.check_again": "an action of the admin alone, on a check it keeps",
    "schemacheck.checks.run_check": "the job behind a check",
    "schemacheck.checks.prune": "a job of the schedule",
    "migrate": "Django's own",
}
