"""The shapes of prompts in JSON, a module for each view: prompts, runs, comparison, texts."""
