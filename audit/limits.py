"""What the fields of events, rollbacks and questions to the rules may hold, by whichever door they come."""

LONGEST_TYPE = 50  # of an event or an entity
LONGEST_ID = 255  # of an entity, a session or a tool call
LONGEST_USER = 255
LONGEST_REASON = 1000
LONGEST_TOOL = 200
LONGEST_AGENT = 32
LONGEST_FOLDER = 4096
MOST_SHOWN, USUALLY_SHOWN = 500, 100  # steps of a history
MOST_REPLAYED, USUALLY_REPLAYED = 10_000, 1_000
LAST_LEAF = 10**12
