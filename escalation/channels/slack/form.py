"""What a Slack channel asks for."""

from escalation.channels.asking import Ask, a_line, an_address

ASKS = {
    "url": Ask(
        text="the incoming webhook's address, https://hooks.slack.com/services/...", check=an_address, is_secret=True
    ),
    "signing_secret": Ask(
        text="the app's signing secret, so that buttons in the message acknowledge and resolve",
        check=a_line,
        is_secret=True,
        is_required=False,
    ),
}
