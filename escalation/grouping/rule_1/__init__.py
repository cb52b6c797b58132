"""Rule 1 as it was in force, frozen: it finds the bugs that it made. Nothing here changes; see grouping/groups.py."""
