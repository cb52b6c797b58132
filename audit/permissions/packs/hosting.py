"""Hosting, billing and flags: wrangler, vercel, netlify, heroku, fly, stripe."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "hosting",
    """
deny remove: takes down what runs for others -> the list command, and let a person remove it
    wrangler {delete} *
    wrangler {d1,kv,r2,queues,pages,secret} * delete *
    wrangler {d1,kv,r2,queues,pages,secret} delete *
    vercel {remove,rm} *
    vercel {project,env,domains,dns,certs} {rm,remove} *
    netlify sites:delete *
    heroku {apps:destroy,pg:reset,addons:destroy,domains:remove,config:unset} *
    {fly,flyctl} {destroy} *
    {fly,flyctl} {apps,volumes,machine,postgres} destroy *
    fastly * delete *
    firebase {firestore:delete,database:remove,projects:delete,functions:delete} *
ask deploy: changes what runs for others, or reads secrets
    wrangler {deploy,rollback} *
    vercel {deploy,rollback,promote} *
    vercel env pull *
    netlify deploy *
    heroku config *
    {fly,flyctl} deploy *
    firebase deploy *
    deck {sync,dump} *
""",
)
