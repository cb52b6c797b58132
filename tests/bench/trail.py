"""What a recorded change costs beside save() alone."""

import json
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.services.postgres import postgres
from tests.services.stack import ROOT, Stack


def measure() -> None:
    """Print the table of docs/benchmarks.md."""
    print("| database | save(), CPU us | with record(), CPU us | ratio | save() per s | with record() per s |")
    print("|---|---|---|---|---|---|")
    for name, database in (("SQLite", lambda: nullcontext("")), ("PostgreSQL", lambda: postgres(durable=True))):
        with tempfile.TemporaryDirectory() as folder, database() as url:
            made = Stack(Path(folder), database_url=url, settings="tests.bench.site.settings")
            made.migrate()
            found = json.loads(
                subprocess.check_output([sys.executable, "-m", "tests.bench.site.audit"], env=made.env, cwd=ROOT)
            )
            save, recorded = found["save"], found["recorded"]
            ratio = recorded["cpu_us"] / save["cpu_us"]
            rates = f"{save['per_second']} | {recorded['per_second']}"
            print(f"| {name} | {save['cpu_us']} | {recorded['cpu_us']} | {ratio:.2f} | {rates} |", flush=True)
