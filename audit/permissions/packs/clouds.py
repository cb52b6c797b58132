"""Clouds: aws, gcloud, az."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "clouds",
    """
deny aws: deletes what runs or is kept in the account -> the describe and list commands, and let a person delete it
    aws any {delete,terminate,purge,deregister,destroy,disassociate,release}-*
    aws s3 rb *
    aws s3 rm *
    aws s3 sync --delete *
    aws s3 mv *
    aws kms {schedule-key-deletion,disable-key} *
    aws sns unsubscribe *
    aws iam {create,put,attach,detach,update,add,remove}-*
deny gcloud: deletes what runs or is kept in the project -> the list and describe commands
    gcloud any {delete,destroy,purge} *
deny az: deletes what runs or is kept in the subscription -> the list and show commands
    az any {delete,purge} *
ask aws-change: changes what runs, or reads secrets
    aws any {put,modify,update,create,stop,reboot,run,restore,rotate,cancel,remove,attach,detach,reset,revoke}-*
    aws secretsmanager get-secret-value *
    aws ssm get-parameter* --with-decryption *
    aws ecr get-login-password *
ask gcloud-change: changes what runs, or reads secrets
    gcloud any {update,ssh,create,deploy,reset,stop} *
    gcloud secrets versions access *
    gcloud auth {print-access-token,print-identity-token} *
ask az-change: changes what runs, or reads secrets
    az any {update,create,stop,restart,set} *
    az storage account keys list *
    az keyvault secret show *
allow read: only looks
    aws {ec2,s3api,rds,ecs,eks,lambda,sqs,sns} {describe,list}-*
    aws {cloudformation,cloudwatch,dynamodb,route53,elbv2,autoscaling} {describe,list}-*
    aws s3 ls *
    aws sts get-caller-identity *
    gcloud {projects,services} list *
    az {group,account} {list,show} *
""",
)
