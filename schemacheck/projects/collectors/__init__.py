"""What runs under the interpreter of the project that is checked, and hands over plain data.

Standard library and what the project itself has installed, Python 3.8 and later: so no `match`, no `X | Y` outside
annotations, no dataclass with slots, no `ast.unparse`, and imports within the package are relative, as it is known by
another name there (see `__main__.py`). The service takes the same functions for its own migrations, in its own process.
"""
