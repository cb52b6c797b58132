"""Commands of Gemini CLI: `NAME.toml`, in which `{{args}}` is what was typed beside the command's name."""

import json
from collections.abc import Iterable

from prompts.exchange.literals import filled, names_in
from prompts.exchange.skills import described, single_text
from prompts.exchange.terms import Carried, File, Written


def write(prompts: Iterable[Carried]) -> Written:
    """A file for each prompt with a text, for the folder .gemini/commands."""
    done = Written()
    for carried in prompts:
        if (text := single_text(carried, done)) is None:
            continue
        variables = names_in(carried).names
        one = len(variables) == 1
        body = filled(text, {name: "{{args}}" if one else f"<{name}>" for name in variables})
        if len(variables) > 1:
            listed = " and ".join(f"<{name}>" for name in variables)
            body = f"In this text {listed} stand for what was said here, in this order: {{{{args}}}}\n\n{body}"
        toml = f"description = {_quoted(described(carried, done))}\nprompt = {_quoted(body)}\n"
        done.files.append(File(path=f"{carried.prompt_id}.toml", text=toml))
    return done


def _quoted(text: str) -> str:
    """A string of TOML, over several lines where it has them; its escapes are those of JSON."""
    if "\n" not in text:
        return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    lines = [json.dumps(line, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f") for line in text.split("\n")]
    return '"""\n' + "\n".join(lines) + '"""'
