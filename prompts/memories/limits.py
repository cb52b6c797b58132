"""What the fields of a memory may hold, by whichever door they come."""

from audit.limits import KEPT_OF_CALLER

LONGEST_TEXT = 20_000
"""Characters. A memory is a fact; a document belongs into a file that the memory names."""
LONGEST_NAME = 255
"""Of a project or a task."""
LONGEST_AGENT, LONGEST_SESSION = KEPT_OF_CALLER["agent"], KEPT_OF_CALLER["session_id"]
"""As the trail keeps them, which is told who remembers."""
MOST_TAGS, LONGEST_TAG = 20, 64
LONGEST_QUERY = 2_000
USUAL_LIMIT, MOST_RECALLED = 10, 100
FEWEST_TOKENS, MOST_TOKENS = 1, 1_000_000
