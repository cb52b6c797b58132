"""People who are called, their teams, and schedules of who is on call; imports neither bugs nor what is sent."""
