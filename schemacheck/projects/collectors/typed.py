"""Files as they stand in an editor, before they are saved."""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from typing import Any

_TEXTS: dict[str, str] = {}


def take(texts: dict[str, str]) -> None:
    """From now on these files hold these texts, for imports and for `read_text`."""
    _TEXTS.update({os.path.realpath(path): text for path, text in texts.items()})
    loader: Any = SourceFileLoader
    own = loader.get_code

    def get_code(self: Any, name: str) -> Any:
        text = text_of(self.path)
        return own(self, name) if text is None else compile(text, self.path, "exec", dont_inherit=True)

    loader.get_code = get_code


def text_of(path: str) -> str | None:
    """What stands in the editor; None where the file counts."""
    return _TEXTS.get(os.path.realpath(path)) if _TEXTS else None
