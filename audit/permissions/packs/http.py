"""HTTP clients: the method counts, however it is given. Of curl and its like, rules see `--request METHOD WHERE`."""

from audit.permissions.packs.pack import pack

RULES = pack(
    "http",
    """
deny delete: removes something on a server -> GET it first, and let a person remove it
    {curl,wget,http,https} --request DELETE *
deny search: removes documents or indexes -> _count with the same query
    {curl,wget,http,https} --request POST * *_delete_by_query*
    {curl,wget,http,https} --request POST * *{/_close,/delete,/delete-batch,/erase}*
    {curl,wget,http,https} --request POST * *{/doDelete,/clear,/deleteByQuery}*
    {curl,wget,http,https} --request POST * *{/delete_series,/clean_tombstones,/purge_cache}*
deny metadata: the address that hands out the machine's keys
    {curl,wget,http,https} --request * metadata *
ask send: sends something to another machine
    {curl,wget,http,https} --request {POST,PUT,PATCH} elsewhere *
ask jenkins: runs something on a server
    {curl,wget,http,https} --request POST * *{/script,/scriptText,/doDelete,/disable}*
ask settings: settings from a file
    curl {-K,--config} *
""",
)
