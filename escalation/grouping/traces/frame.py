"""One call of a trace, and whose code it is."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """`file` is as the trace gives it, `line` is 0 when it gives none."""

    function: str
    file: str
    line: int = 0
    in_app: bool = True
    module: str = ""
    """As an SDK names it; a trace as text has none."""
    source: str = ""
    """The line of code, where the trace has it."""


_LIBRARY = re.compile(
    r"(?:site-packages|dist-packages|node_modules|vendor/bundle|[\\/]gems|[\\/]vendor|[\\/]pkg[\\/]mod"
    r"|\.cargo[\\/]registry)[\\/]"
    r"|[\\/]lib[\\/](?:python|ruby)[\\/]?\d|[\\/]Python\d+[\\/]lib[\\/]|[\\/]usr[\\/]local[\\/]go[\\/]src[\\/]"
    r"|^/rustc/|[\\/]rustlib[\\/]|^\[internal function\]"
    r"|^(?:<frozen |<internal:|<string>|<stdin>|node:|internal/|native\b|<anonymous>|(?:chrome|moz|safari)-extension:)",
    re.IGNORECASE,
)
_LIBRARY_CODE = re.compile(
    r"^(?:(?:[\w.]+/)?(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|org\.(?:springframework|apache|junit|hibernate))[.\w]*\."
    r"|System\.|Microsoft\.|runtime\.|net/http\.|(?:core|std|alloc|tokio)::|<?(?:core|std|alloc)::|_?_?rust_|_start\b"
    r"|Swift\.|swift_)"
)


def is_library(file: str, function: str = "") -> bool:
    """True for the language's own files and installed packages: frames that say little about whose bug it is."""
    return bool(_LIBRARY.search(file) or _LIBRARY_CODE.match(function))
