"""Commands that answer without Django where they can, and the modules that do."""

ALONE = {
    "schemacheck": "schemacheck.alone",
    "hook": "audit.permissions.fast_hook",
    "language-server": "schemacheck.editor.command",
}
