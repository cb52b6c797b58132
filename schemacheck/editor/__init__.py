"""The language server: findings beside the lines of SQL files and migrations as they are written, and their fixes."""
