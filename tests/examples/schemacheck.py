"""Questions about SQL and migrations."""

from tests.examples.asking import Ask, Got

SCRIPT = "CREATE TABLE orders (\n  id bigint PRIMARY KEY,\n  customer_id bigint REFERENCES customers (id)\n);"

ASKS = {
    "schemacheck_validate_create": Ask(body={"sql": SCRIPT, "dialect": "postgresql", "proof": "parse"}),
    "schemacheck_checks_list": Ask(query={"valid": False, "page_size": 1}),
    "schemacheck_checks_retrieve": Ask(path={"uid": Got("results.0.id", "schemacheck/checks?valid=false&page_size=1")}),
    "schemacheck_rules_list": Ask(),
    "schemacheck_live_create": Ask(body={"database": "default"}),
    "schemacheck_migrations_create": Ask(body={"app": "schemacheck", "name": "0002_check_probe", "proof": "parse"}),
    "schemacheck_migrations_trial_create": Ask(body={"app": "schemacheck"}),
}
