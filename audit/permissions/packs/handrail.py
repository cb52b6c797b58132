"""Handrail itself: whoever is bound by the rules does not loosen them."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "handrail",
    """
deny rules: changes what binds agents -> rules explain says why; a person may change it
    handrail rules {add,remove,defaults,import,posture,forget-posture,except,end-exception,allow-once,withdraw} *
    manage.py rules {add,remove,defaults,import,posture,forget-posture,except,end-exception,allow-once,withdraw} *
    {python,python3} *manage.py rules {add,remove,defaults,import,posture,forget-posture} *
    {python,python3} *manage.py rules {except,end-exception,allow-once,withdraw} *
deny approvals: answers what an agent waits for -> a person answers, on the page that the refusal names
    handrail approval {approve,deny} *
    manage.py approval {approve,deny} *
    {python,python3} *manage.py approval {approve,deny} *
deny hooks: takes agents out of the rules -> let a person do it
    handrail agent_install --undo *
    handrail agent install --undo *
    {python,python3} *manage.py agent_install * --undo *
deny client: holds the key that hooks of agents ask with -> a person installs anew with agent_install --url
    Read(~/.config/handrail/**)
    Edit(~/.config/handrail/**)
ask keys: makes or ends keys of the service
    handrail apikey *
    {python,python3} *manage.py apikey *
""",
)
