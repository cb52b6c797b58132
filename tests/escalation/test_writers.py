"""Reporters in several processes over one embedded database file."""

import os
import subprocess
import sys
from pathlib import Path

REPORTERS, REPORTS = 3, 8
SCRIPT = f"""
import os, sys, django
django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
connection.close()
children = []
for _ in range({REPORTERS}):
    child = os.fork()
    if child == 0:
        from escalation.reports import report_bug
        for number in range({REPORTS}):
            report_bug(bug_id="one", error_type="KeyError", error_message=str(number), user_impact="low")
        os._exit(0)
    children.append(child)
failed = [child for child in children if os.waitpid(child, 0)[1]]
from escalation.models import Bug, Occurrence
print(len(failed), Bug.objects.get().frequency, Occurrence.objects.count())
"""


def test_every_report_is_counted_once(tmp_path: Path) -> None:
    outside = {"DATABASE_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE"}
    env = {name: value for name, value in os.environ.items() if name not in outside}
    env |= {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings"}
    command, root = [sys.executable, "-c", SCRIPT], Path(__file__).parents[2]
    done = subprocess.run(command, env=env, cwd=root, capture_output=True, text=True, timeout=240, check=False)
    assert done.stdout.split() == ["0", str(REPORTERS * REPORTS), str(REPORTERS * REPORTS)], done.stderr
