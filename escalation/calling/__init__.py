"""Whom a bug calls and when: policies' steps as computing, and the runs of policies as bugs begin and cease to call.

What changes a bug imports this; it imports neither bugs nor deliveries' sending.
"""
