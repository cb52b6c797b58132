"""What a repository is held to before a commit and before a push, as agents and people make them."""
