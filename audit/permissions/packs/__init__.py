"""The packs that ship: what cannot be undone is denied, what reaches beyond the checkout or reads secrets is asked,
what only reads is allowed in its plain form. A module a family."""

from audit.permissions.packs import (
    backups,
    ci,
    clouds,
    containers,
    databases,
    files,
    git,
    handrail,
    hosting,
    http,
    infrastructure,
    messaging,
    packages,
    secrets,
    services,
    storage,
    systems,
)
from audit.permissions.rules import Rule

PACKS: dict[str, list[Rule]] = {
    "git": git.RULES,
    "files": files.RULES,
    "containers": containers.RULES,
    "infrastructure": infrastructure.RULES,
    "clouds": clouds.RULES,
    "databases": databases.RULES,
    "packages": packages.RULES,
    "secrets": secrets.RULES,
    "backups": backups.RULES,
    "storage": storage.RULES,
    "messaging": messaging.RULES,
    "ci": ci.RULES,
    "hosting": hosting.RULES,
    "http": http.RULES,
    "services": services.RULES,
    "systems": systems.RULES,
    "handrail": handrail.RULES,
}


def pack_rules() -> list[Rule]:
    """The rules of every pack."""
    return [rule for rules in PACKS.values() for rule in rules]
