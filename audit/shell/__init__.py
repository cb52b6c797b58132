"""What a shell command would really run: parsed with bash's grammar, never searched. Imports no Django.

`find(text)` answers with every command, file and SQL statement it can see, and with a doubt for everything it cannot.
A doubt is never allowed by a rule; a person confirms it.
"""

from audit.shell.finder import find, find_words
from audit.shell.found import Command, Doubt, FileUse, Found

__all__ = ["Command", "Doubt", "FileUse", "Found", "find", "find_words"]
