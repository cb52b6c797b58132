"""What a shell needs to complete our commands: every word and option there is, written into a script once.

The script asks no Python: a start of it at each press of Tab would take half a second.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from config.commandline.help import OF_DJANGO, parsers
from config.commandline.names import spoken
from config.commandline.overview import djangos, ours

PROGRAMS = ("handrail", "manage.py", "./manage.py")
_PLAIN = re.compile(r"[\w.:@/+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option, and the values it takes where they are known."""

    flag: str
    help: str
    has_value: bool
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command line may stand: after `audit`, after `audit export`. What may follow, each with its sentence."""

    following: dict[str, str]
    options: tuple[Option, ...]


def places() -> dict[str, Place]:
    """Every place, by the words that lead there; the start is the empty one."""
    found = {words: parser for name, parser in _commands() for words, parser in parsers(parser, name)}
    steps = {" ".join(parts[:end]) for parts in map(str.split, found) for end in range(1, len(parts) + 1)}
    known = {words: _place(found.get(words)) for words in ["", *sorted(steps)]}
    for words in sorted(steps):
        before, _, word = words.rpartition(" ")
        known[before].following[word] = _sentence(found[words].description) if words in found else ""
    known[""].following.update(dict.fromkeys(djangos(), "of Django"))
    return known


def script(shell: str) -> str:
    """The script of bash, zsh or fish."""
    write: dict[str, Callable[[dict[str, Place]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    return write[shell](places())


def _commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for _, name, command in ours():
        if not command.older_name_of:
            yield spoken(name), command.create_parser("handrail", name)


def _place(parser: argparse.ArgumentParser | None) -> Place:
    actions = [] if parser is None else [item for item in parser._actions if item.dest not in OF_DJANGO]  # noqa: SLF001
    positional = [item for item in actions if not item.option_strings and item.help != argparse.SUPPRESS]
    values = _values(positional[0]) if positional and not _is_verb(positional[0]) else ()
    options = tuple(_option(item) for item in actions if item.option_strings)
    return Place(following=dict.fromkeys(values, ""), options=options)


def _is_verb(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)  # noqa: SLF001


def _option(action: argparse.Action) -> Option:
    return Option(
        flag=action.option_strings[-1],
        help=_sentence(action.help),
        has_value=action.nargs != 0,
        values=_values(action),
    )


def _values(action: argparse.Action) -> tuple[str, ...]:
    """The choices argparse has, or those of a field of a body, which its metavar names."""
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    listed = metavar[1:-1].split(",") if metavar.startswith("{") else ()
    return tuple(value for value in map(str, action.choices or listed) if _PLAIN.fullmatch(value))


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split()).partition(". ")[0].removesuffix(".").replace("%%", "%")


_BASH = """\
_handrail() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} at= next= words= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        next="${{at:+$at }}${{COMP_WORDS[i]}}"
        case "$next" in {paths}) at=$next ;; esac
    done
    case "$at $prev" in
        {values}
        {valued}) return ;;
        *) case "$cur" in
        -*) case "$at" in
        {options}
        esac ;;
        *) case "$at" in
        {following}
        esac ;;
        esac ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _handrail {programs}"""
"""Where no word is known, as for a file or a name, the shell offers files."""


def _bash(known: dict[str, Place]) -> str:
    valued = sorted({o.flag for place in known.values() for o in place.options if o.has_value and not o.values})
    values = {
        f"{words} {option.flag}": option.values
        for words, place in known.items()
        for option in place.options
        if option.values
    }
    return _BASH.format(
        paths="|".join(f'"{words}"' for words in known if words),
        values=_cases(values),
        valued="|".join(f'*" {flag}"' for flag in valued),
        options=_cases({words: [option.flag for option in place.options] for words, place in known.items()}),
        following=_cases({words: place.following for words, place in known.items()}),
        programs=" ".join(PROGRAMS),
    )


def _cases(found: Mapping[str, Iterable[str]]) -> str:
    return "\n        ".join(f'"{words}") words="{" ".join(values)}" ;;' for words, values in found.items())


def _zsh(known: dict[str, Place]) -> str:
    start = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }"
    return f"{start}\nautoload -Uz bashcompinit && bashcompinit\n{_bash(known)}"


def _fish(known: dict[str, Place]) -> str:
    lines = [
        "function __handrail_at",
        "    set -l at",
        "    for word in (commandline -opc)[2..-1]",
        "        set -l next (string join -- ' ' $at $word)",
        f"        contains -- $next {' '.join(_quoted(words) for words in known if words)}; and set at $next",
        "    end",
        '    test "$at" = "$argv"',
        "end",
    ]
    for words, place in known.items():
        start = f"complete -c handrail -n {_quoted(f'__handrail_at {words}'.strip())}"
        lines += [f"{start} -f -a {word} -d {_quoted(text)}" for word, text in place.following.items()]
        for option in place.options:
            takes = f" -x -a {_quoted(' '.join(option.values))}" if option.values else " -r" if option.has_value else ""
            lines.append(f"{start} -l {option.flag.lstrip('-')}{takes} -d {_quoted(option.help)}")
    return "\n".join([*lines, *(f"complete -c {program} -w handrail" for program in PROGRAMS[1:])])


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
