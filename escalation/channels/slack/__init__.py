"""Slack, by an app's incoming webhook; with the app's signing secret its buttons work right in the message."""
