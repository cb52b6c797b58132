"""Which errors are the same bug."""

RULE = 2
"""The rule in force. A changed rule gets the next number: keys carry it, so that groups of an old one are known."""
