from audit.management.commands import backup_verify


class Command(backup_verify.Command):
    older_name_of = "backup verify"
