"""What the fields of dockerdebug may hold, by whichever door they come."""

LONGEST_CONTAINER = 128  # a name or an id
LONGEST_NAME = 255  # of infrastructure, or of what an insight is about
LONGEST_TAG = 64
MOST_TAGS = 50
LONGEST_QUERY = 500  # of which twenty words count
LEAST_PRIORITY, USUAL_PRIORITY, MOST_PRIORITY = 1, 5, 10
MOST_RECALLED = 50
