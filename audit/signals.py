"""The event bus: what others should know is an event of the trail."""

from django.dispatch import Signal

# Sent once the event's transaction has committed, with `event`. By send_robust: a failing subscriber is logged and
# hurts neither the writer nor the other subscribers.
event_recorded = Signal()
