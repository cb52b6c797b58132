"""PagerDuty, by its Events API v2: a trigger for each call, one incident for each bug."""
