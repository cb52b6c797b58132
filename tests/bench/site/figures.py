"""A large installation, and how long people wait for its figures. Runs in the tree it is started in, old or new.

python figures.py fill       1,000,000 events over 60 days, 100,000 bugs, 100,000 entries; then sealed
python figures.py analyze    as autovacuum does
python figures.py measure    ms and queries of what people wait for, as JSON
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The tree's own code first; what fills and asks is this file's.
sys.path[:0] = [str(Path.cwd()), str(Path(__file__).parent)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

import crowd  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from audit.ledger import sealing  # noqa: E402

TURNS = 3


def fill() -> None:
    """The sealer then does what it would have done minute by minute."""
    crowd.fill(events=1_000_000, bugs=100_000, entries=100_000)
    call_command("audit_seal")
    if fold := getattr(sealing, "fold_counts", None):  # which the older code has not
        fold()
    crowd.analyze()


def measure() -> None:
    """Each of them: the best of some turns in ms of wall and of our CPU, and its queries."""
    found = {name: _measured(function) for name, function in (_wholes() | _lists()).items()}
    print(json.dumps(found))


def _wholes() -> dict[str, Callable[[], Any]]:
    from config.pages import dashboard

    def shown(chosen: str) -> Callable[[], Any]:
        def show() -> None:
            cache.clear()
            dashboard.panels(_window(chosen))
            dashboard.recent_events()
            dashboard.active_jobs()

        return show

    return {f"dashboard, {chosen}": shown(chosen) for chosen in ("24h", "30d")}


def _window(chosen: str) -> Any:
    """As the tree it runs in names a range: older code takes its beginning."""
    from config.pages import dashboard

    if ranges := getattr(dashboard, "RANGES", None):
        return timezone.now() - ranges[chosen]
    from config.database.windows import window

    return window(chosen)


def _lists() -> dict[str, Callable[[], Any]]:
    from config.keys import create_key
    from config.models import ApiKey

    owner = User.objects.filter(username="admin").first() or User.objects.create_superuser("admin", "", "x")
    ApiKey.objects.filter(name="figures").delete()
    key = create_key(name="figures", scope="admin", user=owner)[1]
    people = Client(HTTP_HOST="127.0.0.1")
    people.force_login(owner)
    programs = Client(HTTP_HOST="127.0.0.1", headers={"Authorization": f"Bearer {key}"})

    def asked(client: Client, path: str) -> Callable[[], Any]:
        def ask() -> None:
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.content[:300])

        return ask

    pages = {f"/admin/{path}": asked(people, f"/admin/{path}") for path in PAGES}
    pages["/metrics"] = asked(programs, "/metrics")
    return pages | {f"/api/v1/{path}": asked(programs, f"/api/v1/{path}") for path in ENDPOINTS}


PAGES = (
    "audit/event/",
    "audit/event/?q=e17",
    "audit/event/?event_type=decision.made",
    "escalation/bug/",
    "escalation/bug/?status__exact=resolved",
    "visioncache/entry/",
    "visioncache/entry/?life=live",
)
ENDPOINTS = (
    "audit/events",
    "audit/events?event_type=decision.made",
    "audit/events?entity_type=type1",
    "audit/events?entity_id=e17",
    "audit/checkpoints/status",
    "escalation/bugs",
    "escalation/bugs?order=urgent",
    "escalation/bugs?order=latest",
    "escalation/bugs?open=true&order=urgent",
    "escalation/bugs?overdue=true",
    "escalation/bugs?muted=false",
    "escalation/summary",
    "visioncache/entries",
    "visioncache/stats",
)


def _measured(function: Callable[[], Any]) -> dict[str, float]:
    walls, spent = [], []
    for _ in range(TURNS):
        started, used = time.perf_counter(), time.process_time()
        function()
        walls.append(time.perf_counter() - started)
        spent.append(time.process_time() - used)
    with CaptureQueriesContext(connection) as asked:
        function()
    if "-v" in sys.argv:
        for query in sorted(asked.captured_queries, key=lambda query: -float(query["time"]))[:6]:
            print(f"   {1000 * float(query['time']):6.0f} ms {query['sql'][:150]}", file=sys.stderr)
    return {"ms": 1000 * min(walls), "cpu": 1000 * min(spent), "queries": len(asked)}


if __name__ == "__main__":
    {"fill": fill, "measure": measure, "analyze": crowd.analyze}[sys.argv[1]]()
