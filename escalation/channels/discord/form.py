"""What a Discord channel asks for."""

from escalation.channels.asking import Ask, an_address

ASKS = {
    "url": Ask(
        text="the webhook's address, https://discord.com/api/webhooks/..., which is its own password",
        check=an_address,
        is_secret=True,
    )
}
