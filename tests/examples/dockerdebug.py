"""Questions about containers, what a team has learnt of them, and its infrastructure."""

from typing import Any

from tests.examples.asking import Ask, Got, Post

WORKER = Post("dockerdebug/diagnoses?wait=true", {"container": "shop-worker"})
AN_INSIGHT = {"id": Got("results.0.id", "dockerdebug/insights?page_size=1")}
SOMETHING = {"id": Got("results.0.id", "dockerdebug/infrastructure?page_size=1")}
INSIGHT: dict[str, Any] = {
    "category": "resources",
    "confidence": "likely",
    "priority": 6,
    "text": "The thumbnailer needs 768 MiB for TIFF files; give its container 1 GiB.",
    "about": "shop-worker",
    "finding_key": "oom_killed",
}
CACHE_HOST = {"name": "cache-1", "kind": "host", "description": "Redis of the shop", "tags": ["production"]}

ASKS = {
    "dockerdebug_containers_list": Ask(),
    "dockerdebug_checks_list": Ask(),
    "dockerdebug_findings_list": Ask(),
    "dockerdebug_diagnoses_list": Ask(query={"container": "shop-worker", "page_size": 1}, after=[WORKER]),
    "dockerdebug_diagnoses_create": Ask(body={"container": "shop-worker"}),
    "dockerdebug_diagnoses_retrieve": Ask(path={"id": Got("id", WORKER.path, WORKER.body)}),
    "dockerdebug_compare_create": Ask(
        body={"left": {"container": "shop-api"}, "right": {"diagnosis": Got("id", WORKER.path, WORKER.body)}}
    ),
    "dockerdebug_insights_list": Ask(query={"search": "wheels", "page_size": 2}),
    "dockerdebug_insights_create": Ask(body=INSIGHT),
    "dockerdebug_insights_retrieve": Ask(path=AN_INSIGHT),
    "dockerdebug_insights_update": Ask(path=AN_INSIGHT, body=INSIGHT),
    "dockerdebug_insights_partial_update": Ask(path=AN_INSIGHT, body={"confidence": "confirmed", "priority": 8}),
    "dockerdebug_insights_destroy": Ask(path=AN_INSIGHT),
    "dockerdebug_infrastructure_list": Ask(query={"tag": "production", "page_size": 2}),
    "dockerdebug_infrastructure_create": Ask(body=CACHE_HOST),
    "dockerdebug_infrastructure_retrieve": Ask(path=SOMETHING),
    "dockerdebug_infrastructure_update": Ask(path=SOMETHING, body=CACHE_HOST),
    "dockerdebug_infrastructure_partial_update": Ask(path=SOMETHING, body={"tags": ["ci", "arm64"]}),
    "dockerdebug_infrastructure_destroy": Ask(path=SOMETHING),
    "dockerdebug_tags_list": Ask(query={"page_size": 2}),
    "dockerdebug_tags_retrieve": Ask(path={"name": "production"}),
    "dockerdebug_tags_destroy": Ask(path={"name": "production"}),
}
