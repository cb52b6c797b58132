"""Files: removal, disks, secrets, and what decides what agents may do."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "files",
    """
deny spares project remove: removes folders outside the project for good -> name what must go to a person
    rm -r *
ask spares leftovers remove-here: removes folders of the project -> git stash or git mv, or name what must go
    rm -r *
deny find: removes whatever it finds -> find without -delete shows what, and rm then names it
    find removes *
    rimraf *
deny shred: overwrites for good -> let a person do it
    shred *
    srm -r *
    {mkfs,wipefs,blkdiscard} *
    mkfs.* *
    dd * of=/dev/*
    Edit(//dev/sd*)
    Edit(//dev/nvme*)
    Edit(//dev/disk*)
deny mirror: removes at the target what the source does not have -> rsync -n shows it first
    rsync --delete* *
    rsync --del *
    rsync --remove-source-files *
deny rights: opens or hands over whole trees -> name the file
    chmod -R 777 *
    chmod -R * /
    chmod -R * ~
    chown -R * /
    chown -R * ~
deny secrets: holds secrets -> let a person give the value
    Read(.env)
    Read(.env.local)
    Read(.env.*.local)
    Read(.env.production)
    Read(.env.staging)
    Read(.env.development)
    Read(.env.test)
    Read(.envrc)
    Read(.netrc)
    Read(.pgpass)
    Read(.git-credentials)
    Read(*.pem)
    Read(*.p12)
    Read(*.pfx)
    Read(*.jks)
    Read(id_rsa)
    Read(id_dsa)
    Read(id_ecdsa)
    Read(id_ed25519)
    Read(credentials.json)
    Read(service-account*.json)
    Read(secrets.yml)
    Read(secrets.yaml)
    Read(~/.ssh/**)
    Read(~/.gnupg/**)
    Read(~/.aws/**)
    Read(~/.kube/config)
    Read(~/.docker/config.json)
    Read(~/.config/gcloud/**)
    Read(~/.config/gh/hosts.yml)
    Read(~/.npmrc)
    Read(~/.pypirc)
    Read(//etc/shadow)
    Read(//etc/gshadow)
    Read(//proc/*/environ)
deny keys: holds keys
    Edit(~/.ssh/**)
    Edit(~/.gnupg/**)
    Edit(~/.aws/**)
ask secret-files: holds secrets
    Edit(.env)
    Edit(.env.*)
ask agents: decides what agents may do
    Edit(.claude/settings.json)
    Edit(.claude/settings.local.json)
    Edit(.codex/**)
    Edit(.cursor/hooks.json)
    Edit(.gemini/settings.json)
    Edit(.github/hooks/**)
    Edit(~/.claude/**)
    Edit(~/.codex/**)
    Edit(~/.cursor/**)
    Edit(~/.gemini/**)
ask instructions: tells agents what to do
    Edit(CLAUDE.md)
    Edit(CLAUDE.local.md)
    Edit(AGENTS.md)
    Edit(AGENTS.override.md)
    Edit(GEMINI.md)
    Edit(SKILL.md)
    Edit(.cursor/rules/**)
    Edit(.claude/**)
    Edit(.agents/**)
    Edit(.github/copilot-instructions.md)
    Edit(.github/instructions/**)
    Edit(.github/prompts/**)
    Edit(.github/agents/**)
ask later: runs by itself later
    Edit(.git/hooks/**)
    Edit(.git/config)
    Edit(~/.bashrc)
    Edit(~/.bash_profile)
    Edit(~/.profile)
    Edit(~/.zshrc)
    Edit(~/.zprofile)
    Edit(~/.gitconfig)
    Edit(//etc/**)
    Edit(//usr/**)
    Edit(//boot/**)
    Edit(//lib/**)
ask truncate: empties files
    truncate *
ask environment: shows all variables, secrets among them -> name the variable that is meant
    jq *$ENV*
    jq env *
    jq {-n,--null-input} *env*
    ps {e,ew,eww,ewww,axe,axeww,auxe,auxeww,auxwwe,eaux} *
ask magic: writes a compiled file
    file {-C,--compile} *
allow read: only looks
    {ls,cat,head,tail,wc,sort,uniq,cut,tr,grep,egrep,fgrep,rg,find,diff,pwd,echo,printf,cd,which,type,date,stat,file} *
    {tree,du,df,basename,dirname,realpath,readlink,jq,true,test,sleep,seq,id,whoami,uname,ps,nproc,whereis} *
    Read(./**)
allow text: text that nothing runs
    Edit(./**/*.md)
    Edit(./**/*.rst)
    Edit(./**/*.log)
""",
)
