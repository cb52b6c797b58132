"""What a terminal shows and takes: names of commands, help, tables, values, completion."""
