"""What rules of packs do not mean: removing leftovers, and rehearsals. A rule of the team means what it says."""
