"""How packages get into the environment that was found."""

import posixpath

from dockerdebug import commands
from dockerdebug.facts import Facts


def installing(facts: Facts, *requirements: str, file: str = "") -> str:
    """A line of a Dockerfile that installs requirements, or what a requirements file names, for the found Python."""
    python = facts.python
    plain = file and posixpath.basename(file).endswith((".txt", ".in"))
    words = ["install", "-r", file] if plain else ["install", *requirements]
    if file and not plain:
        return f"Install what {file} names, with the tool that wrote it, for {facts.interpreter}"
    if python and python.externally_managed and python.venv is None:
        tools = "apt-get update && apt-get install -y python3-venv && " if python.system in ("debian", "ubuntu") else ""
        made = f"{facts.interpreter} -m venv /opt/venv && /opt/venv/bin/python -m pip {commands.joined(words)}"
        return f"RUN {tools}{made}; and ENV PATH=/opt/venv/bin:$PATH"
    if python is None or python.has_pip or python.distributions is None:
        return f"RUN {commands.module(facts, 'pip', *words)}"
    if "uv" in python.named:
        return f"RUN uv pip {commands.joined([words[0], '--python', facts.interpreter, *words[1:]])}"
    return f"RUN {commands.module(facts, 'ensurepip')} && {commands.module(facts, 'pip', *words)}"
