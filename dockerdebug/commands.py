"""Commands for people to copy: a fix, or one that shows whether a finding is gone. This service runs none of them.

A command that verifies ends with 0 when the fault is gone. It names the interpreter that was found, since `python` may
not be on PATH, and whatever comes out of a container is quoted, since its names are somebody else's.
"""

import shlex
from collections.abc import Sequence

from dockerdebug.facts import Facts


def run(facts: Facts, *words: str) -> str:
    """A command inside the environment; of one that does not run, inside a new container of its image."""
    container = facts.container
    if not facts.is_container:
        return joined(words)
    if container is None or container.state == "running":
        return joined(["docker", "exec", facts.target, *words])
    options = ["--rm", "--volumes-from", facts.target]
    options += ["--workdir", container.working_dir] if container.working_dir else []
    options += ["--user", container.user] if container.user else []
    return joined(["docker", "run", *options, "--entrypoint", words[0], container.image, *words[1:]])


def python(facts: Facts, code: str) -> str:
    """A line of Python run by the interpreter that was found."""
    return run(facts, facts.interpreter, "-c", code)


def module(facts: Facts, *words: str) -> str:
    """`python -m ...` of the interpreter that was found, as it stands in a Dockerfile's RUN."""
    return joined([facts.interpreter, "-m", *words])


def state_is(facts: Facts, field: str, value: str) -> str:
    """That the engine says this of the container."""
    return f"{_inspect(facts, '{{.State.' + field + '}}')} | grep -x {quoted(value)}"


def variables_lack(facts: Facts, pattern: str) -> str:
    """That no variable of the container's configuration matches a grep pattern; values are not printed."""
    template = "{{range .Config.Env}}{{println .}}{{end}}"
    listed = _inspect(facts, template) if facts.is_container else "printenv"
    return f"! {listed} | grep -qE {quoted(pattern)}"


def variable_is_set(facts: Facts, name: str) -> str:
    template = "{{range .Config.Env}}{{println .}}{{end}}"
    return f"{_inspect(facts, template)} | grep -q {quoted(f'^{name}=.')}"


def log_lacks(facts: Facts, text: str) -> str:
    """That the log since the last start does not say this."""
    started = _inspect(facts, "{{.State.StartedAt}}")
    return f'! docker logs --since "$({started})" {quoted(facts.target)} 2>&1 | grep -qF {quoted(text)}'


def starts(facts: Facts) -> str:
    """That the container's own command can be started."""
    return f"docker start -a {quoted(facts.target)}"


def _inspect(facts: Facts, template: str) -> str:
    return joined(["docker", "inspect", "-f", template, facts.target])


def joined(words: Sequence[str]) -> str:
    return " ".join(map(quoted, words))


def quoted(word: str) -> str:
    """A word as a shell takes it: in double quotes where that reads better and means the same."""
    return f'"{word}"' if "'" in word and not set('"$`\\!') & set(word) else shlex.quote(word)
