"""What the ground floor tells the apps above it."""

from django.dispatch import Signal

# Sent inside the transaction of the change, with `key` and `change` ("created" or "revoked"); audit records it.
key_changed = Signal()

# Sent after a queued job was set aside for good, with `task`, `args`, `kwargs` and `reason`: what waits for it must be
# closed by the app it belongs to.
job_parked = Signal()
