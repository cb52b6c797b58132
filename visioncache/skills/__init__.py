"""What agents are told about this tool: a skill a folder, as config/skills.py reads them."""
