"""What the ground floor tells the apps above it."""

from django.dispatch import Signal

# Sent inside the transaction of the change, with `key` and `change` ("created" or "revoked"); audit records it.
key_changed = Signal()
