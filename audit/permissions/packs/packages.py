"""Package managers and build tools: what is published cannot be taken back."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "packages",
    """
deny publish: publishes for everybody, or takes back what others use -> let the release job or a person do it
    {npm,pnpm,yarn} {unpublish,publish,deprecate,owner} *
    yarn npm publish *
    cargo {publish,yank,owner} *
    gem {push,yank} *
    {poetry,uv,flit,hatch,pdm} publish *
    twine upload *
    {mvn,mvnw,gradle,gradlew} {deploy,release,publish}*
deny remove: removes packages of the machine -> apt-get -s shows what would go
    {apt,apt-get,yum,dnf} {remove,purge,autoremove} *
    brew uninstall --zap *
    pacman -R* *
ask install: runs code from elsewhere with the rights of the machine
    {apt,apt-get,yum,dnf,snap} install *
    {npm,pnpm,yarn} {token,login} *
allow read: only looks
    {npm,pnpm,yarn} {ls,list,view,outdated,audit,why} *
    {pip,pip3} {list,show,check,freeze} *
    {apt,apt-cache,brew} {list,show,search,policy,info} *
    cargo {tree,metadata} *
allow develop: a development tool
    {python,python3,pytest,black,flake8,mypy,ruff} *
    .venv/bin/{python,python3,pytest,black,flake8,mypy,ruff} *
    {node,eslint,tsc,prettier} *
    {npm,pnpm,yarn} {test,run,start} *
""",
)
