"""Records the examples of the API's documentation: `python -m tests.examples.record`.

On the demo's data in a database of its own it asks what is in the modules beside this one, and writes each app's
`examples.json`. Tests hold those files to the service as it is; record anew when they say so.
"""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import django

ADDRESS = "127.0.0.1:8000"  # where `up` serves by default


def record_everything() -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from rest_framework.test import APIClient

    from config.keys import create_key
    from config.rest.examples import FILE
    from tests.project.conftest import operations
    from tests.project.sources import APPS

    call_command("migrate", verbosity=0)
    prepare()
    owner = User.objects.create_superuser("owner")
    client = APIClient(HTTP_HOST=ADDRESS)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {create_key(name='ci', scope='admin', user=owner)[1]}")
    known = {operation.described["operationId"]: operation for operation in operations()}
    for app in APPS:
        asks = import_module(f"tests.examples.{app}").ASKS
        recorded = {name: answered(client, known[name], ask) for name, ask in asks.items()}
        path = Path(import_module(app).__path__[0], FILE)
        path.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
        print(f"{path.name} of {app}: {len(recorded)} operations, {path.stat().st_size:,} bytes")


def prepare() -> None:
    """The demo's data, sealed and counted."""
    from audit.ledger import sealing
    from config.context import acting_as
    from config.discovery import app_modules
    from visioncache import counting

    with acting_as(actor="dana"):
        for _, demo in app_modules("demo"):
            demo.load()
    sealing.seal()
    counting.flush()


def answered(client: Any, operation: Any, ask: Any) -> dict[str, Any]:
    """What an example holds: the request, and its answer in short."""
    from tests.examples.asking import asked, shortened

    found = asked(client, method=operation.method, path=operation.path, ask=ask)
    return {**found, **({"answer": shortened(found["answer"])} if "answer" in found else {})}


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    record_everything()
