"""YAML of others, read with nothing in it that could run or grow, and YAML that reads well."""

from typing import Any

from prompts.exchange.terms import Unreadable

MAX_YAML = 1_000_000
"""Characters of one document; libyaml reads some 5 million of them a second."""
_LINE_ENDS = set("\x85\u2028\u2029")


def load(text: str, where: str) -> Any:
    """What YAML says, dates as they are written. Raises Unreadable; for aliases too, which can be a bomb."""
    import yaml

    class Loader(yaml.CSafeLoader):
        """Knows no dates: a case has them as text."""

    kept = yaml.CSafeLoader.yaml_implicit_resolvers.items()
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")] for first, pairs in kept
    }
    if len(text) > MAX_YAML:
        raise Unreadable(f"{where} has more than {MAX_YAML:,} characters of YAML.")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
            raise Unreadable(f"{where} has an alias (*name). Write what it stands for in its place.")
        return yaml.load(text, Loader=Loader)  # noqa: S506  -- a safe loader without dates
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(f"{where} is no YAML: {' '.join(str(error).split())[:300]}") from error


def dump(value: Any) -> str:
    """YAML with texts of several lines as blocks."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Escapes the line ends of Unicode, which a reader would fold into a blank."""

        def represent_text(self, text: str) -> yaml.ScalarNode:
            style = '"' if set(text) & _LINE_ENDS else "|" if "\n" in text else None
            return self.represent_scalar("tag:yaml.org,2002:str", text, style)

        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_representer(str, Dumper.represent_text)
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000)
