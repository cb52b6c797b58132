"""What the fields of a memory may hold, by whichever door they come."""

LONGEST_TEXT = 20_000
"""Characters. A memory is a fact; a document belongs into a file that the memory names."""
LONGEST_NAME = 255
"""Of a project, an agent, a session or a task."""
MOST_TAGS, LONGEST_TAG = 20, 64
LONGEST_QUERY = 2_000
USUAL_LIMIT, MOST_RECALLED = 10, 100
FEWEST_TOKENS, MOST_TOKENS = 1, 1_000_000
