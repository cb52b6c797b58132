"""Whether a command only tells what it would do, by the options its program has for that."""

import re
from itertools import pairwise

from audit.permissions.sides import CommandView

_NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("rclone", "borg", "restic", "npm", "pnpm", "cargo", "poetry", "helm", "pip"), ("--dry-run",)),
    "rclone": ("--dry-run", "-n"),
    "borg": ("--dry-run", "-n"),
    "restic": ("--dry-run", "-n"),
    "rsync": ("--dry-run", "-n", "--list-only"),
    "git push": ("--dry-run", "-n"),
    "git clean": ("--dry-run", "-n"),
    "git worktree": ("--dry-run", "-n"),
    "aws s3": ("--dryrun",),
    "aws ec2": ("--dry-run",),
    "kubectl": ("--dry-run=client", "--dry-run=server"),
    "oc": ("--dry-run=client", "--dry-run=server"),
    "apt-get": ("-s", "--simulate", "--dry-run"),
    "apt": ("-s", "--simulate", "--dry-run"),
    "az": ("--help",),
    "aws": ("--help",),
}


_TAKE_NONE = frozenset(
    ("-v", "-q", "-f", "-a", "-r", "-P", "--progress", "--stats", "--verbose", "--force", "--delete", "--recursive",
     "--tags", "--all", "--quiet", "--archive", "--prune", "--follow-tags")
)  # fmt: skip
# Clusters with -n in which no letter takes a value.
_FLAGS = {
    "rsync": re.compile(r"-[avrltpgoDzhPqiucxHAXSWOR]*n[avrltpgoDzhPqiucxHAXSWORn]*"),
    "git clean": re.compile(r"-[dfqxX]*n[dfqxXn]*"),
}


def only_tells(view: CommandView) -> bool:
    """Only where the option stands by itself or among flags: behind a letter that takes a value it may be one."""
    name = view.command.name
    verb = view.operands[0] if view.operands else ""
    known = (*_NAMES.get(name, ()), *_NAMES.get(f"{name} {verb}", ()))
    flags = _FLAGS.get(name) or _FLAGS.get(f"{name} {verb}")
    end = view.words.index("--") if "--" in view.words else len(view.words)
    return any(
        (option in known or (flags is not None and flags.fullmatch(option) is not None)) and not _takes_value(before)
        for before, option in pairwise(view.words[:end])
    )


def _takes_value(option: str) -> bool:
    """Whether the next word may be an option's value: `--exclude --dry-run` rehearses nothing."""
    return option.startswith("-") and "=" not in option and option not in _TAKE_NONE
