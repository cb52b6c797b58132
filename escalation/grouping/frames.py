"""The name of a frame in a group: its module, else the end of its path, and its function, without what builds vary."""

import re

from escalation.grouping.traces.frame import Frame

MOST_FRAMES = 30  # the innermost; deeper callers only split a group
_COMPREHENSIONS = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>"})  # no frames of their own since Python 3.12
_NOISE = (
    (re.compile(r" \[as [^\]]+\]"), ""),
    (re.compile(r"^(?:async |new |Object\.|Module\.|global\.)+"), ""),
    (re.compile(r"(?:<anonymous>|\banonymous\b|/<)+"), ""),
    (re.compile(r"\$\$Lambda(?:[$/.]?\d+)?(?:/(?:0x)?[0-9a-f]+)?"), "$$Lambda"),
    (re.compile(r"\$\$(?:FastClassBy\w*|EnhancerBy\w*|\w*CGLIB|SpringCGLIB|_javassist)[^.]*"), ""),
    (re.compile(r"(?:GeneratedMethodAccessor|GeneratedConstructorAccessor|\$Proxy|fn__|__)\d+"), ""),
    (re.compile(r"\blambda\$(\w+)\$\d+"), r"lambda$\1"),  # numbered in the order of the file
    (re.compile(r"`\d+(?=\[|\.|$)"), ""),  # the arity of a generic type in .NET
    (re.compile(r"<(\w+)>d__\d+\.MoveNext$"), r"\1"),  # the state machine of an async method in .NET
    (re.compile(r"(?:<>c(?:__DisplayClass[\d_]+)?\.)?<(\w+)>[bg]__[\w|]*"), r"\1"),  # a lambda or local function there
    (re.compile(r"::h[0-9a-f]{16}$"), ""),  # Rust's hash of a symbol
    (re.compile(r"(?<=_erb)_[\d_]+$"), ""),  # a compiled template: _app_views_index_html_erb___123456_789
)
_QUERY = re.compile(r"[?#].*$")
_BUILT = (
    re.compile(r"[.-](?=[0-9a-f]*\d)[0-9a-f]{6,}(?=(?:\.\w+)+$)"),  # webpack: main.3f2a9c1b.js
    # Vite and Rollup: eight characters of base64url, which a word is not: index-Ck_7-aQz.js
    re.compile(r"-(?=[\w-]{8}\.)(?=[\w-]*(?:\d|_|[a-z][A-Z]))[\w-]{8}(?=(?:\.\w+)+$)"),
)
_VARIES = re.compile(
    r"^(?:\d[\d._-]*|[0-9a-f]{7,}|v\d[\w.]*|current|release[s]?|tmp\w*|_MEI\w+|[0-9a-f]{8}-[0-9a-f-]{27})$"
)
_HOME = re.compile(r"^(?:/home|/Users|[A-Za-z]:\\Users)[\\/][^\\/]+")
_ROOTS = frozenset(
    {"app", "apps", "build", "builds", "c:", "code", "d:", "data", "dist", "home", "opt", "private", "project", "repo"}
    | {"root", "site", "srv", "src", "tmp", "usr", "var", "work", "workdir", "workspace", "www"}
)
"""Folders that say where a program is installed, not which part of it a file is."""


def name_of(frame: Frame) -> str:
    """Empty for a frame that says nothing."""
    if frame.function in _COMPREHENSIONS:
        return ""
    function = without_noise(frame.function).strip(" .")
    place = without_noise(frame.module) or place_of_file(frame.file)
    name = f"{place} {function}".strip()
    return f"frame {name}" if name else ""


def without_noise(name: str) -> str:
    for noise, instead in _NOISE:
        name = noise.sub(instead, name)
    return name


def place_of_file(file: str) -> str:
    """The file and the folder it lies in: `shop/views.py`. What lies before tells where it is installed."""
    file = _QUERY.sub("", without_noise(file))
    if "://" in file:  # a page's address says where it is served; its scripts say what they are
        file = file.partition("://")[2].partition("/")[2]
    for built in _BUILT:
        file = built.sub("", file)
    file = _HOME.sub("", file)
    parts = [part for part in re.split(r"[\\/]", file) if part and part != "." and not _VARIES.match(part)]
    while len(parts) > 1 and parts[0].lower() in _ROOTS:
        del parts[0]
    return "/".join(parts[-2:]).lower()
