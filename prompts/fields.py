"""What the fields of prompts may hold, by whichever door they come; larger texts are bounded where they are read."""

FIRST_VERSION, LAST_VERSION = 1, 2**31 - 1
LONGEST_PROMPT_ID = 128
LONGEST_PURPOSE = 10_000
LONGEST_NOTES = 100_000
LONGEST_LABEL = 64
LONGEST_FOLDER = 200
LONGEST_TAG = 64
MOST_TAGS = 20
LONGEST_MODEL = 255
LONGEST_LANGUAGE = 50
USUAL_CONCURRENCY = 4
