"""Folders of SQL migrations by other tools: their order, directions and transactions, judged as one history."""
