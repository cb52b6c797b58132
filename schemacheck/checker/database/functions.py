"""How the server would resolve the functions, operators and casts of an expression, and what an index can be made of.

The server's parse analysis tells the types; which function they lead to is looked up in its catalogs, by the rules of
the manual's chapter on type conversion. Nothing is planned or run.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # psycopg is for who has a connection
    from schemacheck.checker.database.session import Session


class Call(NamedTuple):
    """A call: `kind` is f function, o operator or c cast; `types` are OIDs, 0 for a bare literal."""

    kind: str
    schema: str | None
    name: str
    types: tuple[int, ...]


class Element(NamedTuple):
    """A column or expression of an index: its type, and the operator class asked for."""

    type: int
    schema: str | None = None
    operator_class: str | None = None


# How well a declared type takes an argument: 4 the same, 3 text for a literal, 2 by an implicit cast to a preferred
# type, 1 by another or as a polymorphic one, NULL not at all.
_FITS = """
CASE WHEN u.arg = d.declared THEN 4
  WHEN u.arg = 0 THEN CASE WHEN d.declared = 25 THEN 3 ELSE 1 END
  WHEN d.declared IN (2276, 2283, 5077) OR (d.declared IN (2277, 5078)) = (t.typcategory = 'A')
      AND d.declared IN (2277, 5078) OR d.declared IN (2776, 5079) AND t.typcategory <> 'A'
      OR d.declared = 3500 AND t.typtype = 'e' OR d.declared IN (3831, 5080) AND t.typtype = 'r'
      OR d.declared IN (4537, 4538) AND t.typtype = 'm' THEN 1
  WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_cast k
               WHERE k.castsource = u.arg AND k.casttarget = d.declared AND k.castcontext = 'i')
  THEN CASE WHEN (SELECT w.typispreferred FROM pg_catalog.pg_type w WHERE w.oid = d.declared) THEN 2 ELSE 1 END END
"""
# One written in SQL is put in place before the server looks, so that its own word does not count: '?'.
_KIND = "CASE WHEN p.prolang = 14 AND p.provolatile <> 'i' THEN '?' ELSE p.provolatile::text END"
_VOLATILITY = f"""
WITH asked AS (
  SELECT n, x->>'kind' AS kind, x->>'schema' AS schema, x->>'name' AS name,
    ARRAY(SELECT pg_catalog.json_array_elements_text(x->'types')::oid) AS args
  FROM pg_catalog.json_array_elements($1::json) WITH ORDINALITY j (x, n)
), found AS (
  SELECT a.n, {_KIND} AS volatility, a.args, p.proargtypes::oid[] AS declared, p.pronargs::int AS declares,
    p.provariadic AS rest
  FROM asked a JOIN pg_catalog.pg_proc p ON a.kind = 'f' AND p.proname = a.name AND p.prokind = 'f'
    AND CASE WHEN a.schema IS NULL THEN pg_catalog.pg_function_is_visible(p.oid)
        ELSE p.pronamespace = (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = a.schema) END
    AND (pg_catalog.cardinality(a.args) BETWEEN p.pronargs - p.pronargdefaults AND p.pronargs
         OR (p.provariadic <> 0 AND pg_catalog.cardinality(a.args) >= p.pronargs - 1))
  UNION ALL
  SELECT a.n, {_KIND}, CASE WHEN pg_catalog.cardinality(a.args) = 2 AND 0 = ANY (a.args)
      THEN ARRAY[coalesce(nullif(a.args[1], 0), a.args[2]), coalesce(nullif(a.args[2], 0), a.args[1])] ELSE a.args END,
    CASE WHEN o.oprleft = 0 THEN ARRAY[o.oprright] ELSE ARRAY[o.oprleft, o.oprright] END,
    CASE WHEN o.oprleft = 0 THEN 1 ELSE 2 END, 0
  FROM asked a JOIN pg_catalog.pg_operator o ON a.kind = 'o' AND o.oprname = a.name
    AND pg_catalog.pg_operator_is_visible(o.oid)
    AND pg_catalog.cardinality(a.args) = CASE WHEN o.oprleft = 0 THEN 1 ELSE 2 END
  JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
), scored AS (
  SELECT f.n, f.volatility, (
    SELECT CASE WHEN count(*) = count(fits) THEN coalesce(sum(fits), 0) END FROM (
      SELECT {_FITS} AS fits
      FROM unnest(f.args) WITH ORDINALITY u (arg, i)
      CROSS JOIN LATERAL (
        SELECT CASE WHEN f.rest <> 0 AND u.i >= f.declares THEN f.rest
               ELSE f.declared[pg_catalog.array_lower(f.declared, 1) + u.i::int - 1] END AS declared) d
      LEFT JOIN pg_catalog.pg_type t ON t.oid = u.arg) fitting) AS score
  FROM found f
), best AS (
  SELECT n, CASE WHEN count(DISTINCT volatility) = 1 THEN min(volatility) END AS volatility FROM (
    SELECT *, rank() OVER (PARTITION BY n ORDER BY score DESC) AS place FROM scored WHERE score IS NOT NULL) ranked
  WHERE place = 1 GROUP BY n
), casts AS (
  SELECT a.n, CASE WHEN s.oid IS NULL OR s.oid = t.oid THEN 'i' ELSE coalesce(
      (SELECT CASE k.castmethod WHEN 'f' THEN p.provolatile::text WHEN 'b' THEN 'i' END FROM pg_catalog.pg_cast k
       LEFT JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc WHERE k.castsource = s.oid AND k.casttarget = t.oid),
      (SELECT max(p.provolatile::text) FROM pg_catalog.pg_proc p WHERE p.oid IN (s.typoutput, t.typinput))) END AS v
  FROM asked a
  LEFT JOIN pg_catalog.pg_type x ON x.oid = a.args[1] LEFT JOIN pg_catalog.pg_type y ON y.oid = a.args[2]
  LEFT JOIN pg_catalog.pg_type s ON s.oid = CASE WHEN x.typtype = 'd' THEN x.typbasetype
      WHEN x.typcategory = 'A' AND y.typcategory = 'A' THEN x.typelem ELSE x.oid END
  LEFT JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN y.typtype = 'd' THEN y.typbasetype
      WHEN x.typcategory = 'A' AND y.typcategory = 'A' THEN y.typelem ELSE y.oid END
  WHERE a.kind = 'c'
)
SELECT pg_catalog.json_agg(coalesce(best.volatility, casts.v) ORDER BY asked.n)
FROM asked LEFT JOIN best USING (n) LEFT JOIN casts USING (n)
"""  # noqa: S608  -- made of constants
_COERCIBLE = """
(o.opcintype = b.oid OR o.opcintype IN (2276, 2283) OR (o.opcintype = 2277 AND b.typcategory = 'A')
  OR (o.opcintype = 3500 AND b.typtype = 'e') OR (o.opcintype = 3831 AND b.typtype = 'r')
  OR (o.opcintype = 4537 AND b.typtype = 'm') OR (o.opcintype = 2249 AND b.typtype = 'c')
  OR EXISTS (SELECT 1 FROM pg_catalog.pg_cast k WHERE k.castsource = b.oid AND k.casttarget = o.opcintype
             AND k.castmethod = 'b' AND k.castcontext = 'i'))
"""
_METHOD = f"""
WITH method AS (SELECT m.oid FROM pg_catalog.pg_am m WHERE m.amname = $1 AND m.amtype = 'i')
SELECT pg_catalog.json_build_object(
  'exists', EXISTS (SELECT 1 FROM method),
  'lacks', (SELECT pg_catalog.json_agg(p.name) FROM unnest(
      ARRAY['can_unique', 'can_include', 'can_multi_col', 'can_exclude', 'can_order']) p (name), method m
    WHERE NOT pg_catalog.pg_indexam_has_property(m.oid, p.name)),
  'elements', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'type', pg_catalog.format_type(e.type, NULL),
      'exists', EXISTS (SELECT 1 FROM named o WHERE o.n = e.n),
      'accepts', EXISTS (SELECT 1 FROM named o WHERE o.n = e.n AND {_COERCIBLE}),
      'default', EXISTS (SELECT 1 FROM pg_catalog.pg_opclass o, method m
                         WHERE o.opcmethod = m.oid AND o.opcdefault AND {_COERCIBLE})) ORDER BY e.n)
    FROM elements e LEFT JOIN pg_catalog.pg_type t ON t.oid = e.type
    LEFT JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END))
"""  # noqa: S608  -- made of constants
_ELEMENTS = """
elements AS (
  SELECT n, (x->>0)::oid AS type, x->>1 AS schema, x->>2 AS name
  FROM pg_catalog.json_array_elements($2::json) WITH ORDINALITY j (x, n)
), named AS (
  SELECT e.n, o.opcintype FROM elements e JOIN pg_catalog.pg_opclass o ON o.opcname = e.name
    AND CASE WHEN e.schema IS NULL THEN pg_catalog.pg_opclass_is_visible(o.oid)
        ELSE o.opcnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = e.schema) END
  JOIN method m ON m.oid = o.opcmethod
)
"""
_METHOD = _METHOD.replace("\nSELECT", f", {_ELEMENTS}SELECT", 1)


def volatilities(session: "Session", calls: Sequence[Call]) -> list[str | None]:
    """For each call i immutable, s stable, v volatile; ? or None where it cannot be told which function it means."""
    asked = [{"kind": call.kind, "schema": call.schema, "name": call.name, "types": call.types} for call in calls]
    found: list[str | None] = session.document(_VOLATILITY, (json.dumps(asked),))
    return found


def index_method(session: "Session", method: str, elements: Sequence[Element]) -> dict[str, Any]:
    """What an access method lacks, and for each element whether an operator class is there and takes its type."""
    found: dict[str, Any] = session.document(_METHOD, (method, json.dumps(elements)))
    return found


_TYPE_NAMES = """
SELECT pg_catalog.json_agg(pg_catalog.format_type(o::oid, NULL) ORDER BY n)
FROM pg_catalog.json_array_elements_text($1::json) WITH ORDINALITY j (o, n)
"""
_TRIGGER_FUNCTION = """
SELECT pg_catalog.to_json(pg_catalog.format_type(p.prorettype, NULL)) FROM pg_catalog.pg_proc p
WHERE p.proname = $1 AND p.pronargs = 0 AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_function_is_visible(p.oid)
  ELSE p.pronamespace = (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = $2::text) END
UNION ALL SELECT NULL LIMIT 1
"""


def type_names(session: "Session", types: Sequence[int]) -> list[str]:
    """Types as format_type shows them."""
    return session.document(_TYPE_NAMES, (json.dumps(types),)) or []


def trigger_function(session: "Session", schema: str | None, name: str) -> str | None:
    """What a function without arguments returns; None where there is none."""
    found: str | None = session.document(_TRIGGER_FUNCTION, (name, schema))
    return found
