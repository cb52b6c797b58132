"""What `--help` shows: a command's own options, examples of it, and last what every command of Django has."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

Example = tuple[str, str]
"""A command line without `manage.py`, and what it does."""
OF_DJANGO = frozenset(
    ("version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks")
)


class Verbatim(str):
    """A text whose lines stay as they are."""

    __slots__ = ()


class Formatter(argparse.HelpFormatter):
    """Folds text to the terminal unless it is to stay; keeps Django's options out of the usage line."""

    def add_usage(self, usage: Any, actions: Iterable[argparse.Action], groups: Any, prefix: Any = None) -> None:
        super().add_usage(usage, [item for item in actions if item.dest not in OF_DJANGO], groups, prefix)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if isinstance(text, Verbatim) else super()._fill_text(text, width, indent)


@runtime_checkable
class Documented(Protocol):
    """What a command says of itself."""

    help: str
    examples: Sequence[Example]
    older_name_of: str

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> argparse.ArgumentParser: ...


def arrange(parser: argparse.ArgumentParser, command: Documented, *, name: str, others: Sequence[str] = ()) -> None:
    """Give a command's parser, and those of its verbs, the order of its help, its examples and its like by name."""
    program = parser.prog.split()[0]
    for words, each in parsers(parser, name):
        each.formatter_class = Formatter
        fitting = command.examples[:2] if words == name else [e for e in command.examples if _is_of(words, e)]
        if fitting:
            each.add_argument_group("examples", Verbatim(_lines(program, fitting)))
    if others:
        parser.add_argument_group("also", Verbatim("\n".join(f"  {program} {other}" for other in others)))
    if command.older_name_of:
        parser.description = f"{parser.description} This is an older name of `{program} {command.older_name_of}`."
    _put_last(parser)


def _is_of(words: str, example: Example) -> bool:
    return f"{example[0]} ".startswith(f"{words} ")


def parsers(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """A command's parser and those of its verbs, each with the words that lead to it."""
    yield name, parser
    for action in parser._actions:  # noqa: SLF001  -- argparse has no public way to its subparsers
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for verb, inner in action.choices.items():
                yield from parsers(inner, f"{name} {verb}")


def _lines(program: str, examples: Iterable[Example]) -> str:
    return "\n".join(f"  {program} {line}\n      {what}" for line, what in examples)


def _put_last(parser: argparse.ArgumentParser) -> None:
    usual = parser._optionals._group_actions  # noqa: SLF001  -- nor a way to move an option to another group
    last = parser.add_argument_group("options of every command")
    for action in [item for item in usual if item.dest in OF_DJANGO]:
        usual.remove(action)
        last._group_actions.append(action)  # noqa: SLF001
