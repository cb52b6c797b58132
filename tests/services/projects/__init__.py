"""Projects of others, each under a Python of its own, for the tests that check them from outside."""
