"""Three fresh seeds on each database, a hundred requests made up for each operation: schemathesis finds nothing."""

import random
import sys
import tempfile
from pathlib import Path

from tests.services.contract import fuzz
from tests.services.postgres import cluster

SEEDS, EXAMPLES = 3, 100


def main() -> int:
    failed = 0
    for _ in range(SEEDS):
        failed += not _clean("sqlite", "")
        with cluster() as server:
            failed += not _clean("postgresql", server.url)
    return min(failed, 1)


def _clean(database: str, url: str) -> bool:
    seed = random.randrange(2**31)
    with tempfile.TemporaryDirectory() as folder:
        done = fuzz(Path(folder), seed=seed, examples=EXAMPLES, database_url=url)
    print(f"[{'FAIL' if done.returncode else 'OK'}] {database}, seed {seed}", flush=True)
    if done.returncode:
        print(done.stdout, done.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
