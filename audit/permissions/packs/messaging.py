"""Queues and streams: kafka, rabbitmq, nats."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "messaging",
    """
deny kafka: removes messages that others wait for -> --describe first, and let a person do it
    {kafka-topics,kafka-topics.sh,kafka-consumer-groups,kafka-consumer-groups.sh} --delete *
    {kafka-consumer-groups,kafka-consumer-groups.sh} --reset-offsets *
    {kafka-delete-records,kafka-delete-records.sh} *
    {kafka-acls,kafka-acls.sh} --remove *
    {kafka-configs,kafka-configs.sh} --delete-config *
deny rabbitmq: removes queues, or who may use them -> rabbitmqctl list_queues
    rabbitmqctl {delete_queue,delete_vhost,delete_user,purge_queue,reset,force_reset,clear_permissions,stop,stop_app} *
    rabbitmqctl {clear_policy,clear_parameter,forget_cluster_node,clear_password} *
    rabbitmqadmin {delete,purge} *
deny nats: removes streams and what they hold -> nats stream info
    nats {stream,consumer,kv,object,bucket} {rm,purge,delete,del} *
ask kafka-change: changes topics
    {kafka-topics,kafka-topics.sh,kafka-configs,kafka-configs.sh} --alter *
allow read: only looks
    {kafka-topics,kafka-topics.sh} --bootstrap-server * {--list,--describe}
    {kafka-consumer-groups,kafka-consumer-groups.sh} --bootstrap-server * {--list,--describe}
    rabbitmqctl {status,cluster_status,list_queues,list_exchanges,list_vhosts,list_connections} *
    rabbitmqadmin list *
    nats {stream,consumer,kv,server} {list,ls,info,report} *
""",
)
