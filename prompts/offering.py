"""What agents are offered of prompts: active ones as commands of their user, versions and runs as things to read."""

from collections.abc import Mapping, Sequence

from config.mcp.prompts import Offered
from config.mcp.resources import COMPLETED, Listed
from prompts import apart, compressions, lookup, prompts
from prompts.models import Prompt, Run, TestCase, Version

LONGEST_DESCRIPTION = 300
KNOWN_CASES = 200
"""Of a prompt, whose inputs are the values offered for its arguments."""


def active_after(name: str, most: int) -> list[Offered]:
    """So many active prompts by name, from behind a name on."""
    found = Version.objects.active().select_related("prompt").filter(prompt__prompt_id__gt=name)
    return [_offered(version) for version in found.order_by("prompt__prompt_id")[:most]]


def messages_of(name: str, arguments: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """The active version with its variables put in. Raises PromptNotFound, VersionNotFound, VariablesInvalid."""
    found = lookup.get_version(prompt=prompts.get_prompt(prompt_id=name))
    rendered = apart.conversation(found.conversation, dict(arguments), plain=found.is_plain)
    return [(message.role, message.content) for message in rendered]


def argument_values(name: str, argument: str, begun: str) -> list[str]:
    """What the prompt's test cases have given a variable, as far as it begins so."""
    inputs = TestCase.objects.filter(prompt__prompt_id=name).order_by("-id").values_list("input", flat=True)
    known = (given if isinstance(given, Mapping) else {"input": given} for given in inputs[:KNOWN_CASES])
    values = (value for given in known if isinstance(value := given.get(argument), str))
    return list(dict.fromkeys(value for value in values if value.startswith(begun)))


def newest_versions(most: int) -> list[Listed]:
    """Active ones."""
    found = Version.objects.active().select_related("prompt").order_by("-id")[:most]
    return [Listed((item.prompt.prompt_id, item.number), item.purpose[:100] or str(item)) for item in found]


def version_values(parameter: str, begun: str, given: Mapping[str, str]) -> list[str]:
    if parameter == "prompt_id":
        return _names_beginning(begun, COMPLETED + 1)
    found = Version.objects.filter(prompt__prompt_id=given.get("prompt_id", "")).order_by("-number")
    numbers = map(str, found.values_list("number", flat=True))
    return [number for number in numbers if number.startswith(begun)]


def newest_runs(most: int) -> list[Listed]:
    found = Run.objects.select_related("version__prompt").order_by("-id")[:most]
    return [Listed((str(run.uid),), f"{run.version}: {run.status}") for run in found]


def run_values(parameter: str, begun: str, given: Mapping[str, str]) -> list[str]:
    newest = Run.objects.order_by("-id").values_list("uid", flat=True)[:COMPLETED]
    return [text for text in map(str, newest) if text.startswith(begun)]


def newest_compressions(most: int) -> list[Listed]:
    """The caller's own."""
    newest = compressions.newest_of_caller(most)
    return [Listed((kept.hash, "all"), f"Compressed at {kept.created_at:%H:%M}") for kept in newest]


def compression_values(parameter: str, begun: str, given: Mapping[str, str]) -> list[str]:
    values = ["all"] if parameter == "lines" else [kept.hash for kept in compressions.newest_of_caller(COMPLETED)]
    return [value for value in values if value.startswith(begun)]


def _names_beginning(begun: str, most: int) -> list[str]:
    """Names of prompts, with or without an active version."""
    found = Prompt.objects.filter(prompt_id__startswith=begun).order_by("prompt_id")
    return list(found.values_list("prompt_id", flat=True)[:most])


def _offered(version: Version) -> Offered:
    description = version.prompt.description or version.purpose
    return Offered(
        name=version.prompt.prompt_id,
        description=description[:LONGEST_DESCRIPTION],
        arguments=tuple(version.variables.names),
    )
