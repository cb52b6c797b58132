"""Backups: restic, borg, rclone, velero."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "backups",
    """
deny restic: removes backups -> restic snapshots, and let a person remove one
    restic {forget,prune} *
    restic key {remove,passwd} *
    restic unlock --remove-all *
    restic rewrite --forget *
deny borg: removes backups -> borg list, and let a person remove one
    borg {delete,prune,compact,recreate,break-lock,repo-delete,rdelete} *
deny rclone: removes at the target -> rclone check, or --dry-run
    rclone {sync,purge,delete,deletefile,move,moveto,cleanup,dedupe,rmdir,rmdirs} *
deny velero: removes backups -> velero backup get
    velero {backup,restore,schedule,snapshot,backup-location,snapshot-location} delete *
    velero {delete,uninstall} *
ask restore: overwrites what is there
    restic restore *
    borg extract *
    rclone {copy,copyto,config} *
    velero restore create *
allow read: only looks
    restic {snapshots,ls,stats,diff,check} *
    borg {list,info} *
    rclone {ls,lsd,lsl,lsjson,lsf,size,check,md5sum,sha1sum,about} *
    velero {get,version,describe} *
    velero snapshot get *
""",
)
