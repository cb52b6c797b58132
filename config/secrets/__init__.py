"""What is secret in names, texts and values: the one policy for all that is stored, logged or sent.

`names` says which names hide a value, `shapes` what is secret wherever it stands, `commands` what command lines carry,
`pairs` what code, markup and SQL name; `text` takes all of it out of a text, `values` out of JSON, `retold` out of what
is told of them, and `keyed` makes ids of it that say nothing. When in doubt this removes: a lost word costs less than a
leaked key.
"""

from config.secrets.keyed import keyed, known_as
from config.secrets.mark import MARK
from config.secrets.names import is_secret_name
from config.secrets.retold import retold
from config.secrets.shapes import find_tokens, find_userinfo
from config.secrets.text import blank
from config.secrets.values import scrub

__all__ = ["MARK", "blank", "find_tokens", "find_userinfo", "is_secret_name", "keyed", "known_as", "retold", "scrub"]
