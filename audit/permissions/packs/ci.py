"""Forges and CI: gh, glab, circleci, jenkins, gitlab-runner."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "ci",
    """
deny gh: removes what the team keeps there -> let an owner do it in the browser
    gh repo {delete,archive} *
    gh {release,secret,variable,run,cache,label,issue,gist,ssh-key,gpg-key} delete *
    gh release delete-asset *
    gh pr merge --admin *
    gh workflow disable *
    gh api --method DELETE *
    gh api -X DELETE *
deny glab: removes what the team keeps there -> let an owner do it in the browser
    glab {repo,variable,ci,release,schedule,label} delete *
    glab project delete *
    glab repo archive *
    glab api -X DELETE *
    glab api --method DELETE *
    glab ci trace-delete *
    gitlab-runner {unregister,reset-token,stop,uninstall} *
deny circleci: removes what pipelines need -> circleci context list
    circleci context {delete,remove-secret} *
    circleci {pipeline,policy,project} delete *
    circleci {orb,namespace,runner} {delete,unlist} *
    circleci orb delete-alias *
    circleci runner {resource-class,token,instance} delete *
    circleci namespace delete-alias *
deny jenkins: removes jobs, or runs code on the server -> list-jobs and get-job
    {java -jar jenkins-cli.jar,jenkins-cli} * {delete-job,delete-node,delete-builds,delete-credentials,delete-view} *
    java -jar jenkins-cli.jar {delete-job,delete-node,delete-builds,delete-credentials,delete-view} *
    {java -jar jenkins-cli.jar,jenkins-cli} * {groovy,groovysh,delete-credentials-domain,safe-shutdown,shutdown} *
ask change: changes what others see
    gh api -X *
    gh api --method *
    gh api {-f,-F,--field,--raw-field,--input} *
    gh pr {merge,close} *
    gh repo {edit,rename} *
    gh workflow run *
    gh auth token *
    glab mr {merge,close} *
    glab api {-X,--method} *
allow read: only looks
    gh {pr,issue,run,release,workflow,repo} {list,view,status,diff,checks} *
    gh search *
    glab {mr,issue,ci} {list,view,status} *
    circleci {context,orb} {list,info} *
""",
)
