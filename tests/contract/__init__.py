"""The API against its own OpenAPI document without chance: every place of every request gets every hostile value."""
