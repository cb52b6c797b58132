"""Infrastructure as code: terraform, tofu, pulumi, ansible."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "infrastructure",
    """
deny destroy: destroys what runs, or what is known of it -> terraform plan, and let a person apply it
    {terraform,tofu} destroy *
    {terraform,tofu} apply -destroy *
    {terraform,tofu} apply -auto-approve *
    {terraform,tofu} state {rm,push} *
    {terraform,tofu} force-unlock *
    {terraform,tofu} workspace delete *
    {terraform,tofu} taint *
    terragrunt {destroy,run-all} *
    pulumi {destroy} *
    pulumi stack rm *
    pulumi state delete *
    cdk destroy *
ask apply: changes what runs
    {terraform,tofu} {apply,import,plan,output,show} *
    {terraform,tofu} state {mv,pull} *
    pulumi {up,cancel,refresh} *
    pulumi stack output --show-secrets *
    ansible *
    ansible-playbook *
    cdk deploy *
allow read: only looks
    {terraform,tofu} fmt -check *
    {terraform,tofu} {validate,version,providers} *
    pulumi {preview} *
    pulumi stack ls *
    ansible-inventory --list *
    ansible-doc *
""",
)
