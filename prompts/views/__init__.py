"""The REST door of prompts: prompts and versions, cases, runs, texts."""
