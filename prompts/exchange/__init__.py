"""Prompts in the files of others, a module for each format. Nothing read here is ever run; what cannot be carried is
named.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

from prompts.exchange import gemini, jsonl, langfuse, markdown, openai_evals, promptfoo, skills
from prompts.exchange.terms import MAX_CHARACTERS, MAX_FILES, Carried, File, Read, Unreadable, Written

__all__ = ["READABLE", "WRITABLE", "Carried", "File", "Read", "Unreadable", "Written", "guess", "read", "write"]

Readable = Literal["jsonl", "markdown", "claude-skills", "claude-commands", "promptfoo", "langfuse", "openai-evals"]
Writable = Literal[Readable, "codex", "cursor", "gemini"]
READABLE: tuple[Readable, ...] = get_args(Readable)
WRITABLE: tuple[Writable, ...] = get_args(Writable)
OF_AGENTS = {"claude-skills", "claude-commands", "codex", "cursor", "gemini"}
"""Those in which a prompt is a command of an agent."""
KEEPS_INCLUDES = {"jsonl", "markdown"}
"""Those in which a template is carried as it was written; any other has what it includes in its place."""

_READERS: dict[Readable, Callable[[Sequence[File]], Read]] = {
    "jsonl": jsonl.read,
    "markdown": markdown.read,
    "claude-skills": skills.read_skills,
    "claude-commands": skills.read_commands,
    "promptfoo": promptfoo.read,
    "langfuse": langfuse.read,
    "openai-evals": openai_evals.read,
}
_WRITERS: dict[Writable, Callable[[Iterable[Carried]], Written]] = {
    "jsonl": jsonl.write,
    "markdown": markdown.write,
    "claude-skills": skills.write_skills,
    "claude-commands": skills.write_commands,
    "promptfoo": promptfoo.write,
    "langfuse": langfuse.write,
    "openai-evals": openai_evals.write,
    "codex": skills.write_portable,
    "cursor": skills.write_portable,
    "gemini": gemini.write,
}


def guess(files: Sequence[File]) -> Readable:
    """The format of files by their names, else by how the first begins. Raises Unreadable where nothing tells it."""
    names = {file.name for file in files}
    if "SKILL.md" in names:
        return "claude-skills"
    if any(name.endswith((".yaml", ".yml")) for name in names):
        return "promptfoo"
    if found := next((file for file in files if file.name.endswith((".md", ".markdown"))), None):
        return "claude-commands" if _is_command(found) else "markdown"
    begins = files[0].text[:2_000] if files else ""
    if '"prompt_id"' in begins:
        return "jsonl"
    if '"ideal"' in begins or '"item"' in begins:
        return "openai-evals"
    if '"prompt"' in begins:
        return "langfuse"
    raise Unreadable(f"Nothing tells which format this is. Name one: {', '.join(READABLE)}.")


def _is_command(file: File) -> bool:
    """A command of Claude Code lies in a folder of that name, or says what only such a one says."""
    begins = file.text[:2_000]
    says = any(f"\n{name}:" in begins for name in ("argument-hint", "allowed-tools", "disable-model-invocation"))
    return says or "commands" in file.path.split("/")[:-1] or "$ARGUMENTS" in file.text


def read(files: Sequence[File], form: Readable) -> Read:
    """The prompts of files. Raises Unreadable; what a single one has too much is said in `left`."""
    if len(files) > MAX_FILES or sum(len(file.text) for file in files) > MAX_CHARACTERS:
        raise Unreadable(f"At most {MAX_FILES:,} files and {MAX_CHARACTERS:,} characters at once. Import in parts.")
    found = _READERS[form](files)
    if not found.prompts:
        raise Unreadable("The files hold no prompt.")
    return found


def write(prompts: Iterable[Carried], form: Writable) -> Written:
    """Prompts as files of a format."""
    return _WRITERS[form](prompts)
