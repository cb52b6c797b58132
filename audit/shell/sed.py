"""Reads sed scripts as far as needed to know whether they run commands or write files (POSIX, and GNU's e and w)."""


class Effects:
    """What a sed script does beside editing the stream."""

    def __init__(self) -> None:
        self.runs = False
        """It runs commands, or could not be read."""
        self.writes: list[str] = []
        self.reads: list[str] = []


def effects(script: str) -> Effects:
    """What the script does; `runs` whenever it is not wholly understood."""
    found = Effects()
    try:
        _Reader(script, found).read()
    except (IndexError, ValueError):
        found.runs = True
    return found


class _Reader:
    def __init__(self, script: str, found: Effects) -> None:
        self.script, self.found, self.at = script, found, 0

    def read(self) -> None:
        while True:
            self._skip(" \t\n;{}")
            if self.at >= len(self.script):
                return
            self._addresses()
            self._command()

    def _skip(self, characters: str) -> None:
        while self.at < len(self.script) and self.script[self.at] in characters:
            self.at += 1

    def _addresses(self) -> None:
        while True:
            self._skip(" \t")
            character = self.script[self.at]
            if character in ("/", "\\"):
                self.at += 2 if character == "\\" else 1
                self._until(self.script[self.at - 1], pattern=True)
                self._skip("IM")
            elif character.isdigit() or character in "$,~+!":
                self.at += 1
            else:
                return

    def _command(self) -> None:
        command = self.script[self.at]
        self.at += 1
        match command:
            case "s":
                self._substitute()
            case "y":
                mark = self._mark()
                self._until(mark)
                self._until(mark)
            case "a" | "i" | "c" | "#":
                self._line()
            case "r" | "R":
                self.found.reads.append(self._line().strip())
            case "w" | "W":
                self.found.writes.append(self._line().strip())
            case ":" | "b" | "t" | "T":
                self._label()
            case "q" | "Q" | "l" | "L":
                self._skip(" 0123456789")
            case "{" | "}" | "=" | "d" | "D" | "g" | "G" | "h" | "H" | "n" | "N" | "p" | "P" | "x" | "z" | "F":
                pass
            case _:
                raise ValueError(command)  # e runs commands, and others are not known

    def _substitute(self) -> None:
        mark = self._mark()
        self._until(mark, pattern=True)
        self._until(mark)
        while self.at < len(self.script) and self.script[self.at] not in "; \n}":
            flag = self.script[self.at]
            self.at += 1
            if flag == "w":
                self.found.writes.append(self._line().strip())
            elif not (flag.isdigit() or flag in "gpiImM"):
                raise ValueError(flag)

    def _mark(self) -> str:
        self.at += 1
        return self.script[self.at - 1]

    def _until(self, mark: str, *, pattern: bool = False) -> None:
        bracket = False
        while True:
            character = self.script[self.at]
            self.at += 1
            if character == "\\":
                self.at += 1
            elif character == "[" and pattern and not bracket and mark != "[":
                # A closing bracket right after the opening one stands for itself.
                bracket = "]" in self.script[self.at + 1 :]
                if bracket and self.script[self.at] == "^":
                    self.at += 1
                if bracket and self.script[self.at] == "]":
                    self.at += 1
            elif character == "]" and bracket:
                bracket = False
            elif character == mark and not bracket:
                return

    def _line(self) -> str:
        start = self.at
        while self.at < len(self.script) and self.script[self.at] != "\n":
            self.at += 2 if self.script[self.at] == "\\" else 1
        return self.script[start : self.at]

    def _label(self) -> None:
        while self.at < len(self.script) and self.script[self.at] not in ";\n}":
            self.at += 1
