"""Databases and their clients; search engines stand under http."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "databases",
    """
deny sql: destroys data -> write a migration, or let a person run it
    SQL(drop table *)
    SQL(drop database *)
    SQL(drop schema *)
    SQL(drop owned *)
    SQL(truncate *)
    SQL(* without where)
    SQL(copy * program *)
deny tools: destroys data -> make a dump, and let a person run it
    {dropdb,dropuser} *
    pg_restore --clean *
    pg_restore -c *
    mysqladmin drop *
    mongorestore --drop *
    redis-cli {flushall,flushdb,shutdown,debug,eval}*
    redis-cli {FLUSHALL,FLUSHDB,SHUTDOWN,DEBUG,EVAL}*
    redis-cli config set *
    redis-cli CONFIG SET *
    supabase db {reset,push} *
    supabase {projects,functions} delete *
    prisma migrate reset *
    {rails,rake} db:{drop,reset,purge} *
ask shape: changes a database's shape or rights, or reaches beyond it
    SQL(drop *)
    SQL(alter table * drop *)
    SQL(grant*)
    SQL(function pg_read*)
    SQL(function dblink*)
    SQL(copy *)
    redis-cli {keys,KEYS} *
    {mongosh,mongo} --eval *
allow read: only looks
    psql -l *
    redis-cli {get,info,ttl,scan,GET,INFO,TTL,SCAN} *
    supabase {status} *
""",
)
