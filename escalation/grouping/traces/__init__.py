"""Stack traces as text, read into frames: one module for the languages that print alike."""
