"""What agents are told about this tool, and the slash commands that ship as prompts of their own."""

from pathlib import Path

from config.skills import Skill, in_folder

_HERE = Path(__file__).parent


def skills() -> list[Skill]:
    """Both are folders of the same form."""
    return [*in_folder(_HERE), *in_folder(_HERE.parent / "shipped")]
