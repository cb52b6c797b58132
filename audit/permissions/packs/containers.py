"""Containers and clusters: docker, podman, compose, kubectl, helm."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "containers",
    """
deny volumes: deletes volumes, and with them databases -> docker volume ls, and let a person remove one
    {docker,podman,nerdctl} volume {rm,prune} *
    docker compose down --volumes *
    docker compose down --rmi *
    docker compose rm --volumes *
    {docker,podman,nerdctl} {system,image,container,builder,network} prune *
    {docker,podman,nerdctl} rm --force *
    {docker,podman,nerdctl} rmi --force *
    docker swarm leave *
deny host: hands the machine to a container
    {docker,podman,nerdctl} run --privileged *
deny cluster: deletes what runs for others -> kubectl get and kubectl diff tell first
    {kubectl,oc} {delete,drain} *
    {kubectl,oc} replace --force *
    {kubectl,oc} scale --replicas=0 *
    helm {uninstall,delete,rollback} *
ask container: runs something in a container, or changes one
    {docker,podman,nerdctl} {run,exec,cp,push,rm,rmi,kill} *
    docker compose {exec,run,rm,config} *
    {docker,podman,nerdctl} network rm *
    {docker,podman} inspect *
ask change: changes what runs for others
    {kubectl,oc} {apply,exec,cp,edit,patch,cordon,create,scale,set,label,annotate,replace,run} *
    {kubectl,oc} rollout {undo,restart} *
    {kubectl,oc} get secret* *
    {kubectl,oc} config view --raw *
    helm {upgrade,install} *
    kustomize build --enable-alpha-plugins *
allow read: only looks
    {docker,podman} {ps,images,logs,version,info,top,stats} *
    docker compose {ps,logs,ls} *
    {kubectl,oc} {describe,logs,top,diff,explain,version,api-resources} *
    {kubectl,oc} get {pods,pod,deployments,deployment,services,svc,nodes,events,ingress,namespaces,ns,jobs} *
    helm {list,status,history,show,search} *
""",
)
