"""A POST of JSON to any program, signed as Standard Webhooks has it."""
