"""The one way out for requests to addresses that somebody entered: none of them reaches what this machine alone can.

`addresses` says which addresses are anybody's, `client` sends. What the operator's environment names (a model, a mail
server, a SIEM) is trusted and needs none of this; what rows name does, unless OUTBOUND_ALLOW has it.
"""

from config.outbound.client import Answer, Call, OutboundFailed, OutboundRefused, send

__all__ = ["Answer", "Call", "OutboundFailed", "OutboundRefused", "send"]
