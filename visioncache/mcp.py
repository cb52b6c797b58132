"""The MCP door of the vision cache."""

from typing import Annotated, Any

from pydantic import Field

from config.canonical import LARGEST_INTEGER
from config.mcp.tools import Content, tool
from visioncache.entries import store_entry
from visioncache.identity import DEFAULT_NAMESPACE
from visioncache.lookups import WhyMiss, look_up
from visioncache.models import Entry
from visioncache.terms import (
    DEFAULT_TTL_HOURS,
    MAX_MODEL_LENGTH,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    MAX_TTL_HOURS,
    MAX_URL_LENGTH,
)

ImageHash = Annotated[str | None, Field(description="SHA-256 of the image's bytes.")]
Image = Annotated[str | None, Field(description="Or the image as base64.")]
Request = Annotated[dict[str, Any] | None, Field(description="What the model is asked: prompt, parameters.")]
Model = Annotated[str, Field(max_length=MAX_MODEL_LENGTH)]
Tag = Annotated[str, Field(max_length=MAX_TAG_LENGTH)]
Namespace = Annotated[str, Field(description="Tenant.")]


@tool(name="check_cache", scope="read", title="Check the vision cache", read_only=True)
def check_cache(
    image_hash: ImageHash = None,
    image: Image = None,
    model_version: Annotated[Model | None, Field(description="Resolved model; else any model's newest.")] = None,
    request: Request = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> dict[str, Any]:
    """Ask before calling a vision model: has this image been read for this model and request? A miss says why."""
    found = look_up(
        image_hash=image_hash, image=image, model_version=model_version, request=request, namespace=namespace
    )
    if found.entry is not None:
        return {"hit": True, "match": found.match, "entry": _brief(found.entry)}
    return {"hit": False, "why_miss": _why(found.why_miss)}


@tool(name="store_cache", scope="write", title="Store in the vision cache", read_only=False, idempotent=True)
def store_cache(
    model_version: Annotated[Model, Field(description="Resolved model, never an alias.")],
    extracted_data: Annotated[Content, Field(description="What the model read; empty or error answers are refused.")],
    confidence_score: Annotated[float, Field(ge=0, le=1)],
    image_hash: ImageHash = None,
    image: Image = None,
    request: Request = None,
    namespace: Namespace = DEFAULT_NAMESPACE,
    ttl_hours: Annotated[
        float | None, Field(ge=0, le=MAX_TTL_HOURS, description="null: for ever.")
    ] = DEFAULT_TTL_HOURS,
    image_url: Annotated[str | None, Field(max_length=MAX_URL_LENGTH)] = None,
    tags: Annotated[list[Tag] | None, Field(max_length=MAX_TAGS)] = None,
    cost_micros: Annotated[int | None, Field(ge=0, le=LARGEST_INTEGER, description="Micro-dollars.")] = None,
    latency_ms: Annotated[int | None, Field(ge=0, le=LARGEST_INTEGER)] = None,
) -> dict[str, Any]:
    """Keep what a vision model read, so that nobody pays twice. Same identity: data replaced."""
    stored = store_entry(
        image_hash=image_hash,
        image=image,
        model_version=model_version,
        extracted_data=extracted_data,
        confidence_score=confidence_score,
        request=request,
        namespace=namespace,
        ttl_hours=ttl_hours,
        image_url=image_url,
        tags=tags or (),
        cost_micros=cost_micros,
        latency_ms=latency_ms,
    )
    return {"created": stored.created, "entry": _brief(stored.entry)}


def _brief(entry: Entry) -> dict[str, Any]:
    return {
        "id": str(entry.uid),
        "image_hash": entry.image_hash,
        "model_version": entry.model_version,
        "extracted_data": entry.extracted_data,
        "confidence_score": entry.confidence_score,
        "age_seconds": entry.age_seconds,
        "expires_at": entry.expires_at.isoformat() if entry.expires_at else "never",
        "hit_count": entry.hit_count,
    }


def _why(miss: WhyMiss | None) -> dict[str, Any]:
    if miss is None:
        return {}
    differences = [{"part": d.part, "asked": d.asked, "stored": d.stored} for d in miss.differences[:10]]
    return {"reason": miss.reason, "detail": miss.detail, **({"differences": differences} if differences else {})}
