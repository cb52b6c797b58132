"""What agents wait for a person to say: asked by their hooks and by programs, answered by people, ended by time."""
