"""Who may see and do what: row security, policies, privileges."""

from collections.abc import Iterator

from postgast import pg_query_pb2 as ast

from schemacheck.checker.database.catalog import Table
from schemacheck.checker.findings import Severity
from schemacheck.checker.reading.lowering import range_name
from schemacheck.checker.reading.shapes import Action
from schemacheck.checker.rules.registry import Case, about, history_of, rule, target_sql
from schemacheck.checker.scope import Scope


@rule(
    "row-security-change",
    title="Row security switched on or off for a table in use",
    why="ENABLE ROW LEVEL SECURITY without a policy shows no rows to anybody but the owner; DISABLE shows all of them "
    "to everybody who may read the table.",
    bad="ALTER TABLE orders ENABLE ROW LEVEL SECURITY;",
    good="CREATE POLICY own ON orders USING (owner = current_user);\nALTER TABLE orders ENABLE ROW LEVEL SECURITY;",
    also_bad=("ALTER TABLE orders DISABLE ROW LEVEL SECURITY;",),
    also_good=("CREATE TABLE notes (id bigint PRIMARY KEY);\nALTER TABLE notes ENABLE ROW LEVEL SECURITY;",),
    actions=("EnableRowSecurity", "DisableRowSecurity", "NoForceRowSecurity"),
    rests_on="whether the table is empty",
)
def row_security_change(scope: Scope, action: Action, table: Table | None) -> Iterator[Case]:
    name = target_sql(scope)
    if action.kind == "EnableRowSecurity":
        if ("policy of", name) in history_of(scope).made:
            return
        message = "nobody but the owner sees a row until there is a policy"
        fix = f"CREATE POLICY ... ON {name} USING (...);\n{scope.statement.sql.rstrip()};"
        hint = "Create the policies first, in the same transaction."
    else:
        message = "every role that may read the table sees all of its rows"
        hint, fix = "Make sure that this is meant.", ""
    yield Case(message, hint=hint, fix=fix, facts=about(table))


@rule(
    "policy-change",
    title="A policy decides who sees which rows",
    why="A permissive policy adds rows to what others already show, and one without TO holds for every role.",
    bad="CREATE POLICY everybody ON orders USING (true);",
    good="CREATE POLICY own ON orders TO clerk USING (owner = current_user);",
    also_bad=("ALTER POLICY own ON orders USING (true);",),
    also_good=("ALTER TABLE orders ADD COLUMN owner name;",),
    kinds=("create_policy", "alter_policy"),
    severity=Severity.SUGGESTION,
    rests_on="whether the script made the table",
)
def policy_change(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    table = scope.standing(range_name(node.table))
    if table is False:
        return
    open_to_all = any(item.role_spec.roletype == ast.ROLESPEC_PUBLIC for item in node.roles)
    if open_to_all or scope.statement.kind == "alter_policy":
        message = "the policy holds for every role" if open_to_all else "which rows the roles see changes at once"
        hint = "Name the roles with TO, and have somebody else read the condition."
        yield Case(message, node.table.location, hint=hint, facts=about(table))


@rule(
    "grant-to-public",
    title="A privilege for everybody",
    why="PUBLIC is every role there is and every one to come, those of monitoring and of other applications included.",
    bad="GRANT SELECT ON orders TO PUBLIC;",
    good="GRANT SELECT ON orders TO clerk;",
    also_bad=(
        "GRANT ALL ON ALL TABLES IN SCHEMA sales TO PUBLIC;",
        "GRANT EXECUTE ON FUNCTION total(int) TO clerk, PUBLIC;",
    ),
    also_good=("REVOKE ALL ON orders FROM PUBLIC;",),
    kinds=("grant",),
)
def grant_to_public(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    for item in node.grantees:
        if node.is_grant and item.role_spec.roletype == ast.ROLESPEC_PUBLIC:
            yield Case(
                "every role there is, and every one to come, has the privilege",
                item.role_spec.location,
                hint="Make a role for those who need it and grant it to that.",
            )


@rule(
    "revoke-in-use",
    title="REVOKE breaks code that uses the privilege",
    why="Programs that run under the role fail from that moment.",
    bad="REVOKE SELECT ON orders FROM clerk;",
    good="GRANT SELECT ON orders TO clerk;",
    also_good=("ALTER ROLE clerk CONNECTION LIMIT 20;",),
    kinds=("grant",),
    severity=Severity.SUGGESTION,
)
def revoke_in_use(scope: Scope) -> Iterator[Case]:
    node = scope.statement.node
    everybody = any(item.role_spec.roletype == ast.ROLESPEC_PUBLIC for item in node.grantees)
    if not node.is_grant and not everybody:
        hint = "Release code that no longer needs it first."
        yield Case("programs that run under the role fail from that moment", hint=hint)
