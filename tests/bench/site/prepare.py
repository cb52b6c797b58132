"""Fills the database of a measurement; prints what the clients need as JSON."""

import json

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import transaction  # noqa: E402

from audit.trail import record  # noqa: E402
from config.keys import create_key  # noqa: E402
from tests.bench.site.models import Note  # noqa: E402

user = User.objects.create_superuser("bench", password="only for measuring")
_, key = create_key(name="bench", scope="admin", user=user)
value = {"text": "forty two", "tags": ["a", "b"], "depth": {"x": 1}}
with transaction.atomic():
    events = [
        record(event_type="bench.made", entity_type="bench", entity_id=str(number), new_value=value)
        for number in range(200)
    ]
note = Note.objects.create(name="first", owner="bench", value=value)
print(json.dumps({"key": key, "event": str(events[100].uid), "note": note.pk}))
