"""The REST door of the vision cache."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.contract import as_declared
from config.rest.openapi import refusals
from config.rest.times import TimeFilter
from config.rest.views import APIView, ReadViewSet
from visioncache.entries import find_entry, store_entry
from visioncache.identity import HASH_PATTERN, NAMESPACE_PATTERN, InvalidEntry
from visioncache.leases import release_lease
from visioncache.lookups import look_up
from visioncache.models import Entry, EntryQuerySet
from visioncache.removal import invalidate, remove_entry
from visioncache.serializers import (
    EntryInSerializer,
    EntrySerializer,
    InvalidateInSerializer,
    InvalidationSerializer,
    LookupInSerializer,
    LookupSerializer,
    StatsQuery,
    StatsSerializer,
)
from visioncache.stats import get_stats
from visioncache.terms import EmptyResult


class EntryFilter(django_filters.FilterSet):
    image_hash = django_filters.CharFilter(method="of_image", label="one of the entry's images")
    tag = django_filters.CharFilter(method="tagged", label="one of the entry's tags")
    min_confidence = django_filters.NumberFilter("confidence_score", "gte", label="at least this confidence")
    stored_after = TimeFilter("stored_at", "gte", label="stored from this time on")
    stored_before = TimeFilter("stored_at", "lt", label="stored before this time")

    class Meta:
        model = Entry
        fields = ["namespace", "model_version"]

    def of_image(self, queryset: EntryQuerySet, name: str, value: str) -> EntryQuerySet:
        return queryset.of_image(value.lower())

    def tagged(self, queryset: EntryQuerySet, name: str, value: str) -> EntryQuerySet:
        return queryset.tagged(value)


class EntryViewSet(ReadViewSet):
    """Live entries, newest first. Reading one here counts no hit; a look-up does."""

    queryset = Entry.objects.all()
    serializer_class = EntrySerializer
    filterset_class = EntryFilter
    large_fields = ("extracted_data", "request")
    lookup_field = "uid"
    lookup_url_kwarg = "id"

    def get_queryset(self) -> QuerySet[Entry]:
        return Entry.objects.live().select_related("stat")

    def get_object(self) -> Entry:
        return find_entry(entry_id=self.kwargs["id"])

    @extend_schema(
        request=EntryInSerializer,
        responses={200: EntrySerializer, 201: EntrySerializer},
        extensions=refusals(InvalidEntry, EmptyResult),  # what is no image in base64, or no answer
    )
    def create(self, request: Request) -> Response:
        """Store a model's answer: 201; 200 if it replaces the data stored under the same identity."""
        stored = store_entry(**self.validated(EntryInSerializer))
        return Response(EntrySerializer(stored.entry).data, status=201 if stored.created else 200)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: Any) -> Response:  # noqa: A002 -- the name in the path
        """Remove an entry."""
        remove_entry(entry_id=id)
        return Response(status=204)


class LookupView(APIView):
    """Answer a request from the cache. It counts a hit or a miss, yet needs no more than `read`."""

    scope = "read"

    @extend_schema(
        request=LookupInSerializer,
        responses={200: LookupSerializer},
        extensions=refusals(InvalidEntry),
    )
    def post(self, request: Request) -> Response:
        """Look up an answer; a miss says why, and with `lease: true` who computes it."""
        found = look_up(**self.validated(LookupInSerializer))
        return Response(LookupSerializer(found).data)


class LeaseView(APIView):
    """A lease that its holder cannot use after all."""

    scope = "read"

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, token: str) -> Response:
        """Give a lease back; the next caller may then compute the answer at once."""
        release_lease(token=token)
        return Response(status=204)


class InvalidateView(APIView):
    """Remove entries by image, model, tag, namespace or id."""

    @extend_schema(
        request=InvalidateInSerializer,
        responses={200: InvalidationSerializer},
        extensions=refusals(InvalidEntry),
    )
    def post(self, request: Request) -> Response:
        """Remove the entries that meet all conditions; `dry_run` only counts them."""
        done = invalidate(**self.validated(InvalidateInSerializer))
        return Response(InvalidationSerializer(done).data)


class StatsView(APIView):
    """What the cache is worth."""

    NAMESPACE = OpenApiParameter("namespace", {"type": "string", "pattern": as_declared(NAMESPACE_PATTERN)})
    IMAGE = OpenApiParameter(
        "image_hash",
        {"type": "string", "pattern": as_declared(HASH_PATTERN)},
        description="List the entries of this image.",
    )

    @extend_schema(responses=StatsSerializer, parameters=[NAMESPACE, IMAGE])
    def get(self, request: Request) -> Response:
        """Show what the cache holds and saves; in all namespaces or one, with the most used entries."""
        return Response(StatsSerializer(get_stats(**self.query(StatsQuery))).data)
