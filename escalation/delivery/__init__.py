"""Sending through channels: the rows of channels, what waits to be sent, each try, and the links back."""
