"""Microsoft Teams, by a workflow that takes webhooks ("Post to a channel when a webhook request is received")."""
