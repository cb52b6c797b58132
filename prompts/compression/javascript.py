"""JavaScript and TypeScript: where comments and template literals are.

A slash divides or begins a regular expression, depending on what stands before; where that cannot be told without
parsing, nothing is trusted. From the first JSX element on the text may be prose, so the rest is left as it is.
"""

import re

from prompts.compression.lexical import Scan, Untrusted, line_end

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<line>//[^\n\r\u2028\u2029]*)|(?P<block>/\*)
    |(?P<text>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')|(?P<template>`)|(?P<word>[\w$]+)
    |(?P<step>\+\+|--)|(?P<arrow>=>)|(?P<mark>.)""",
    re.VERBOSE,
)
_REGEX = re.compile(r"/(?:[^\\/\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+/\w*")
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\[\s\S]|\$(?!\{))*")
_JSX = re.compile(r"<(?:[A-Za-z]|>)")
_BEFORE_VALUE = {
    "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do", "instanceof", "yield",
    "await", "default", "extends",
}  # fmt: skip
_WITH_PARENTHESES = {"if", "while", "for", "with"}


def scan(text: str) -> Scan:
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.position = text, line_end(text, 0) if text.startswith("#!") else 0
        self.found = Scan(trusted=len(text))
        self.value: bool | None = False
        """Whether a value ended just now: then a slash divides. None: who knows."""
        self.word = ""
        self.parentheses: list[bool] = []
        self.braces: list[int] = []
        """Of each template literal around: how many braces are open in its substitution."""
        self.template_begun: list[int] = []

    def scan(self) -> Scan:
        while self.position < len(self.text):
            match = _TOKEN.match(self.text, self.position)
            if match is None:
                raise Untrusted
            if match["mark"] == "<" and self.value is not True and _JSX.match(self.text, self.position):
                self.found.trusted = self.position
                return self.found
            self.take(match)
        if self.braces:
            raise Untrusted
        return self.found

    def take(self, match: re.Match[str]) -> None:
        start, self.position = self.position, match.end()
        match match.lastgroup:
            case "space":
                return
            case "line":
                self.found.comments.append((start, self.position))
                return
            case "block":
                self.block(start)
                return
            case "template":
                self.template_begun.append(start)
                self.template()
            case "text":
                self.found.add_literal(self.text, start, self.position)
                self.value = True
            case "word":
                member = self.word.endswith(".")
                self.value = member or match[0] not in _BEFORE_VALUE
                self.word = "" if member else match[0]
                return
            case "step":
                self.value = None
            case "arrow":
                self.value = False
            case _:
                self.mark(match[0], start)
        self.word = "." if match[0] == "." else ""

    def mark(self, mark: str, start: int) -> None:
        if mark in "\"'":
            raise Untrusted  # a literal without its end
        if mark == "/" and self.value is not True:
            self.regex(start)
        elif mark == "(":
            self.parentheses.append(self.word in _WITH_PARENTHESES)
            self.value = False
        elif mark == ")":
            self.value = not (self.parentheses.pop() if self.parentheses else True)
        elif mark == "]":
            self.value = True
        elif mark == "{" and self.braces:
            self.braces[-1] += 1
            self.value = False
        elif mark == "}":
            self.close_brace()
        else:
            self.value = False

    def close_brace(self) -> None:
        if self.braces and self.braces[-1] == 0:
            self.braces.pop()
            self.template()
            return
        if self.braces:
            self.braces[-1] -= 1
        self.value = None  # of a block or of an object

    def block(self, start: int) -> None:
        end = self.text.find("*/", self.position)
        if end < 0:
            raise Untrusted
        self.position = end + 2
        self.found.comments.append((start, self.position))

    def regex(self, start: int) -> None:
        match = None if self.value is None else _REGEX.match(self.text, start)
        if match is None:
            raise Untrusted
        self.position, self.value = match.end(), True

    def template(self) -> None:
        """On to the end of a template literal, or into the next substitution in it."""
        match = _TEMPLATE.match(self.text, self.position)
        end = match.end() if match else self.position
        if end >= len(self.text) or self.text[end] == "\\":
            raise Untrusted
        if self.text[end] == "`":
            self.position, self.value = end + 1, True
            self.found.add_literal(self.text, self.template_begun.pop(), self.position)
        else:
            self.position, self.value = end + 2, False
            self.braces.append(0)
