"""What people set beside the rules: how much is answered, which rules do not hold for whom, what may run once."""
