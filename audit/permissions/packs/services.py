"""What stands around an application: CDN, gateways, DNS, mail, flags, load balancers, monitoring, payments."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "services",
    """
deny edge: takes down what stands in front of the application -> the list command, and let a person remove it
    fastly {service,domain,backend,acl,dictionary,purge} {delete,remove} *
    deck {reset,delete} *
    deck gateway {reset,delete} *
    kong migrations {reset,down} *
    apigeecli {apis,products,envs,orgs,developers} delete *
    wrangler dns-records delete *
    wrangler kv:{key,namespace,bulk} delete *
    nsupdate *
    aws any change-resource-record-sets *
deny balancer: stops what requests come through -> nginx -t, and reload
    nginx -s {stop,quit} *
    service {nginx,haproxy,traefik,postgresql,mysql,redis,docker} stop *
    {rc-service,launchctl} * {stop,remove,unload} *
deny flags: removes flags that code asks for -> archive it in the browser
    ldcli {flags,projects,environments,segments} {delete,archive} *
    flipt {flag,segment,namespace,rule} delete *
    {unleash,split} {features,flags,segments,projects} {delete,archive,kill} *
deny monitoring: removes what tells that something is wrong -> mute it
    splunk {remove,clean} *
    datadog-ci {monitors,dashboards,synthetics} delete *
    newrelic {entity,workload,synthetics,dashboard,alerts} delete *
    newrelic apm application delete *
    {pd,pagerduty} {service,schedule,escalation-policy,user,team} delete *
    {pd,pagerduty} {service:delete,schedule:delete,ep:delete,team:delete,user:delete} *
    grafana-cli plugins {uninstall,remove} *
    promtool tsdb delete *
deny payments: changes money, or what customers bought -> let a person do it
    stripe * {delete,cancel,roll,void} *
    stripe {refunds,payouts,transfers,charges} create *
    square * {delete,disable} *
deny connections: drops keys that reach other machines
    ssh-add -D *
    ssh-keygen -R *
ask pipelines: changes what runs by itself for others
    gh run {cancel,rerun} *
    gh {secret,variable} set *
    glab {variable,schedule} {set,update,create} *
    brew uninstall *
    {pip,pip3} uninstall *
""",
)
