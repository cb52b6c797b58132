"""What sessions of agents may take: budgets of money and tokens, and what becomes of those that are passed."""
