"""What the fields of events, rollbacks and questions to the rules may hold, by whichever door they come.

How large the values of an event may be is MAX_EVENT_BYTES, which reports.py holds.
"""

LONGEST_TYPE = 50  # of an event or an entity
LONGEST_ID = 255  # of an entity, a session or a tool call
LONGEST_USER = 255
LONGEST_REASON = 1000
LONGEST_TOOL = 200
LONGEST_AGENT = 32  # a rule is for
LONGEST_KEY = 255  # of idempotency
KEPT_OF_CALLER = {"agent": 100, "session_id": 128, "tool_use_id": 128}
"""As an event keeps them; what a decision says beyond that is cut."""
LONGEST_FOLDER = 4096
MOST_SHOWN, USUALLY_SHOWN = 500, 100  # steps of a history
MOST_REPLAYED, USUALLY_REPLAYED = 10_000, 1_000
LAST_LEAF = 10**12
