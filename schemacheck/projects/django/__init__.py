"""Django's migrations, as a collector tells of them: judged by the checker, said at the line of each operation."""
