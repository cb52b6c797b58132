"""ntfy, which brings messages to telephones, from its public server or one of your own."""
