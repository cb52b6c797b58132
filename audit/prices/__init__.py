"""What tokens of models cost: one table of dated prices, for sessions of agents and runs of prompts alike."""
