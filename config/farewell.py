"""What a process has yet to write down when it ends. Only SIGKILL ends one of ours without it."""

import atexit
import threading
from collections.abc import Callable

SECONDS = 1.0
"""`up` kills a child 4 s after it asked it to end, of which the web gives its last answers 2.5."""

_acts: list[Callable[[], object]] = []


def before_exit(act: Callable[[], object]) -> None:
    """Have `act` called when this process ends. It may be called twice, and handles its own failures."""
    _acts.append(act)


def say_farewell(seconds: float = SECONDS) -> None:
    """Do all that now: for those who leave by os._exit(), which runs nothing that is registered.

    In a thread of its own: the caller may be a signal's handler, which interrupted whoever holds a lock that is needed,
    and a database that does not answer must not keep the process.
    """
    thread = threading.Thread(target=_act, name="farewell", daemon=True)
    thread.start()
    thread.join(seconds)


@atexit.register
def _act() -> None:
    for act in _acts:
        act()
