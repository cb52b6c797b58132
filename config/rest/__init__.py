"""The package of REST: it imports REST framework first, without the packages that one only may use.

It looks for each of them and takes what is installed, which here is all of it, for others: psycopg alone, wanted for
array fields nobody has, is 20 MB and 0.1 s of every process on SQLite.
"""

import sys

_NOT_USED = ("django.contrib.postgres", "pygments", "requests", "uritemplate", "yaml")


def _import_lean() -> None:
    absent = {name: None for name in _NOT_USED if name not in sys.modules}
    sys.modules.update(absent)  # type: ignore[arg-type]  # None is how the import system is told that there is none
    try:
        import rest_framework.compat  # noqa: F401
    finally:
        for name in absent:
            del sys.modules[name]


_import_lean()
