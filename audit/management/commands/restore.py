from audit.management.commands import backup_restore


class Command(backup_restore.Command):
    older_name_of = "backup restore"
