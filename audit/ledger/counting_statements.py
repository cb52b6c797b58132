"""The statements of counting.py, in the words of each database."""

WORDS = {
    "sqlite": {
        "hour": "substr(timestamp, 1, 13) || ':00:00' AS hour",
        "midnight": "substr(hour, 1, 10) || ' 00:00:00'",
        "rule": "substr(json_extract(new_value, '$.rule'), 1, 240) AS rule",
        "behind": "id > %(id)s",
        "upto": "id <= %(upto_id)s",
        "behind_seal": "id > COALESCE((SELECT last_id FROM audit_tile ORDER BY number DESC LIMIT 1), -1)",
        # The plus keeps SQLite from the index of time, which would lead it to every event since then.
        "at": "+timestamp",
        "by_half": "CASE WHEN hour >= %(half)s THEN %(half)s ELSE '0001-01-01 00:00:00' END",
        "by_minute": "substr(hour, 1, 16) || ':00'",
        "by_hour": "substr(hour, 1, 13) || ':00:00'",
        "by_day": "substr(hour, 1, 10) || ' 00:00:00'",
    },
    "postgresql": {
        "hour": "date_trunc('hour', timestamp, 'UTC') AS hour",
        "midnight": "date_trunc('day', hour, 'UTC')",
        "rule": "left(new_value ->> 'rule', 240) AS rule",
        "behind": "(tx, id) > (%(tx)s, %(id)s) AND tx > 0",
        "upto": "(tx, id) <= (%(upto_tx)s, %(upto_id)s)",
        "behind_seal": "(tx, id) > (COALESCE((SELECT last_tx FROM audit_tile ORDER BY number DESC LIMIT 1), -1),"
        " COALESCE((SELECT last_id FROM audit_tile ORDER BY number DESC LIMIT 1), -1))",
        "at": "timestamp",
        "by_half": "CASE WHEN hour >= %(half)s THEN %(half)s::timestamptz ELSE '0001-01-01Z'::timestamptz END",
        "by_minute": "date_trunc('minute', hour, 'UTC')",
        "by_hour": "date_trunc('hour', hour, 'UTC')",
        "by_day": "date_trunc('day', hour, 'UTC')",
    },
}

# What one event counts for: its agent and rule stand behind the verdict, so that one row tells both.
_VALUES = """
SELECT 'type' AS dimension, {when}, event_type AS value, {count} FROM {events}
UNION ALL SELECT 'actor', {when}, actor, {count} FROM {events}
UNION ALL SELECT 'decision', {when}, decision, {count} FROM {events} WHERE decision IS NOT NULL
UNION ALL SELECT 'agent', {when}, decision || ' ' || agent, {count} FROM {events} WHERE decision IS NOT NULL
UNION ALL SELECT 'rule', {when}, decision || ' ' || rule, {count} FROM {events}
    WHERE decision IN ('deny', 'confirm') AND rule IS NOT NULL
"""


def _values(*, when: str, count: str, events: str) -> str:
    return _VALUES.format(when=when, count=count, events=events).strip()


ADD = f"""
WITH sealed AS (
    SELECT {{hour}}, event_type, actor, agent, decision, {{rule}} FROM audit_event WHERE {{behind}} AND {{upto}}
)
INSERT INTO audit_eventcount (dimension, hour, value, count)
SELECT dimension, hour, value, SUM(one) FROM (
    {_values(when="hour", count="1 AS one", events="sealed")}
) told GROUP BY dimension, hour, value
ON CONFLICT (dimension, hour, value) DO UPDATE SET count = audit_eventcount.count + excluded.count
"""  # noqa: S608  -- our own words
FOLD = """
INSERT INTO audit_eventcount (dimension, hour, value, count)
SELECT dimension, {midnight}, value, SUM(count) FROM audit_eventcount
WHERE hour < %(before)s AND hour <> {midnight} GROUP BY 1, 2, 3
ON CONFLICT (dimension, hour, value) DO UPDATE SET count = audit_eventcount.count + excluded.count
"""
FORGET_FOLDED = "DELETE FROM audit_eventcount WHERE hour < %(before)s AND hour <> {midnight}"
# The last place is said twice: as a number it leads to the few events behind it, and as it is in the statement's own
# snapshot it keeps an event that is sealed at this moment from being counted twice.
_COUNT = f"""
WITH seen AS (
    SELECT timestamp AS hour, event_type, actor, agent, decision, {{rule}} FROM audit_event
    WHERE timestamp >= %(rows_begin)s AND timestamp < %(rows_end)s
    UNION ALL
    SELECT timestamp, event_type, actor, agent, decision, {{rule}} FROM audit_event
    WHERE timestamp >= %(rows_upon)s
    UNION ALL
    SELECT timestamp, event_type, actor, agent, decision, {{rule}} FROM audit_event
    WHERE {{behind}} AND {{behind_seal}} AND ({{at}} >= %(upon)s OR {{at}} >= %(begin)s AND {{at}} < %(end)s)
), uncounted AS (
    SELECT STEP AS step, {{by_half}} AS half, event_type, actor, agent, decision, rule, COUNT(*) AS count
    FROM seen GROUP BY 1, 2, 3, 4, 5, 6, 7
), told AS (
    SELECT dimension, STEP AS step, {{by_half}} AS half, value, count FROM audit_eventcount
    WHERE dimension IN ('type', 'actor', 'decision', 'agent', 'rule')
    AND hour >= %(first)s AND (hour >= %(upon)s OR hour >= %(begin)s AND hour < %(end)s)
    UNION ALL
    {_values(when="step, half", count="count", events="uncounted")}
)
SELECT dimension, value, CASE WHEN dimension = 'decision' THEN step ELSE half END, CAST(SUM(count) AS bigint)
FROM told GROUP BY 1, 2, 3
UNION ALL
SELECT 'event', '', step, CAST(SUM(count) AS bigint) FROM told WHERE dimension = 'type' GROUP BY step
"""  # noqa: S608


def count_by(step: str) -> str:
    """The statement that counts in halves, verdicts and the whole by a step: minute, hour, day or half."""
    return _COUNT.replace("STEP", f"{{by_{step}}}")
