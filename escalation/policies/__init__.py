"""Policies: the operations on them, and the job that makes their steps when they are due."""
