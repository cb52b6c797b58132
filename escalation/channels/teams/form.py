"""What a Teams channel asks for."""

from escalation.channels.asking import Ask, an_address

ASKS = {"url": Ask(text="the workflow's address, which is its own password", check=an_address, is_secret=True)}
