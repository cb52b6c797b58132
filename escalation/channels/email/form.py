"""What an e-mail channel asks for; the server is the operator's, in MAIL_URL."""

from escalation.channels.asking import Ask, mail_addresses

ASKS = {"to": Ask(text="a list of addresses, such as kim@example.org", check=mail_addresses)}
