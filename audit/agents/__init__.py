"""What stands between a team's agents and its rules: the client they run, and its installation."""
