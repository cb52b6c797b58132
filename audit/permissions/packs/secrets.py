"""Managers of secrets: vault, op, doppler, and their like."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "secrets",
    """
deny vault: removes secrets or who may read them -> let a person do it
    vault {secrets,auth} disable *
    vault kv {delete,destroy} *
    vault kv metadata delete *
    vault {delete} *
    vault lease revoke *
    vault policy delete *
    vault token revoke *
    vault operator {seal,rekey,rotate} *
deny manager: removes secrets for everybody -> let a person do it
    op {item,vault,document,group,user,connect} {delete,remove} *
    doppler {secrets,projects,configs,environments,service-tokens} {delete,revoke} *
    bw delete *
    pass rm *
    security delete-* *
ask read: reads secrets
    vault {read,kv,write} *
    vault kv {get,put,patch} *
    op read *
    op {item,document} {get,edit,create} *
    doppler secrets
    doppler secrets {get,download,set} *
    pass show *
    bw get *
    security find-*
    gpg --export-secret-keys *
allow look: only looks
    vault status *
    vault {secrets,policy,auth} list *
    op {item,vault,group,user} list *
    doppler {projects,configs,environments} list *
""",
)
