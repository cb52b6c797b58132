"""Buckets: gsutil, gcloud storage, mc, azcopy, s3cmd."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "storage",
    """
deny remove: removes what is kept -> the ls command first, and let a person remove it
    gsutil {rm,rb} *
    gsutil -m {rm,rb} *
    gsutil rsync -d *
    gcloud storage {rm,rb} *
    gcloud storage rsync --delete-unmatched-destination-objects *
    azcopy remove *
    azcopy sync --delete-destination* *
    s3cmd {del,rm,rb} *
    mc {rb,rm} *
    mc mirror --remove *
    mc admin service stop *
allow read: only looks
    gsutil {ls,du,stat} *
    gcloud storage {ls,du} *
    mc {ls,stat,du} *
""",
)
