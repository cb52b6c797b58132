"""The base of every REST view: strict bodies, cursor paging, throttling and idempotent POSTs."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError as InvalidValue
from django.db import DatabaseError
from django.db.models import UUIDField
from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework import mixins, routers, serializers, views, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from config.database.prepared import ByColumn
from config.identifiers import is_uuid
from config.rest import idempotency
from config.rest.authentication import identity
from config.rest.contract import wrong_together
from config.rest.cursors import CursorPagination
from config.rest.filtering import FilterBackend
from config.rest.plans import PlannedFields

logger = logging.getLogger(__name__)


class StrictFields(PlannedFields):
    """Refuses unknown fields, and values of another JSON type than the field's: "1" is no integer.

    Of the fields these name, a body has exactly, at least or at most one; config.rest.contract says so in OpenAPI.
    """

    EXACTLY_ONE: ClassVar[Sequence[str]] = ()
    AT_LEAST_ONE: ClassVar[Sequence[str]] = ()
    AT_MOST_ONE: ClassVar[Sequence[str]] = ()
    NEEDS: ClassVar[Mapping[str, str]] = {}  # a field by what has to come with it

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            errors: dict[str, list[serializers.ErrorDetail]] = {}
            writable = {name: field for name, field in self.fields.items() if not field.read_only}
            for name, value in data.items():
                if name not in writable:
                    errors[str(name)] = [serializers.ErrorDetail("Unknown field.", code="unknown")]
                elif value is not None and (expected := _wrong_type(writable[name], value)):
                    errors[name] = [serializers.ErrorDetail(f"Must be {expected}.", code="wrong-type")]
                elif refused := _refused_as_sent(writable[name], value):
                    errors[name] = refused
            for name, detail in wrong_together(self, data):
                errors.setdefault(name, [serializers.ErrorDetail(detail, code="one-of")])
            if errors:
                raise ValidationError(errors)
        return super().to_internal_value(data)


class StrictSerializer(StrictFields):
    """A body that is not a table's row."""


class StrictModelSerializer(StrictFields, serializers.ModelSerializer[Any]):
    """A body that is a table's row."""


class QuerySerializer(PlannedFields):
    """The parameters of a query that no filter reads: each is known, and sent once. By itself it knows none."""

    def to_internal_value(self, data: Any) -> Any:
        known = f"Known are: {', '.join(sorted(self.fields))}." if self.fields else "There are none here."
        errors = dict.fromkeys(sorted(set(data) - set(self.fields)), f"Unknown parameter. {known}")
        errors |= {name: "Sent more than once." for name in self.fields if len(data.getlist(name)) > 1}
        errors |= {
            name: wrong for name, field in self.fields.items() if (wrong := _refused_as_sent(field, data.get(name)))
        }
        if errors:
            raise ValidationError(errors)
        return super().to_internal_value(data.dict())


class WholeNumberField(serializers.IntegerField):
    """A number in a query: digits, and nothing that int() would forgive."""

    def __init__(self, *, min_value: int = 0, max_value: int = 2**31 - 1, **options: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **options)

    def to_internal_value(self, data: Any) -> int:
        if not (str(data).isascii() and str(data).isdigit() and len(str(data)) < 14):
            self.fail("invalid")
        return super().to_internal_value(data)


def _wrong_type(field: serializers.Field[Any, Any, Any, Any], value: Any) -> str | None:
    """What the value should have been, or None when its JSON type fits."""
    match field:
        case serializers.JSONField() | serializers.BaseSerializer():
            return None
        case serializers.BooleanField():
            return None if isinstance(value, bool) else "true or false"
        case serializers.IntegerField():
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return None if whole and not isinstance(value, bool) else "a whole number"
        case serializers.FloatField() | serializers.DecimalField():
            return None if isinstance(value, int | float) and not isinstance(value, bool) else "a number"
        case serializers.ListField():
            if not isinstance(value, list):
                return "a list"
            expected = next(filter(None, (_wrong_type(field.child, item) for item in value)), None)
            return expected and f"a list where every item is {expected}"
        case serializers.DictField():
            if not isinstance(value, Mapping):
                return "an object"
            expected = next(filter(None, (_wrong_type(field.child, item) for item in value.values())), None)
            return expected and f"an object where every value is {expected}"
        case (
            serializers.CharField() | serializers.ChoiceField() | serializers.DateTimeField() | serializers.UUIDField()
        ):
            return None if isinstance(value, str) else "a string"
    return None


def _refused_as_sent(field: serializers.Field[Any, Any, Any, Any], value: Any) -> Any:
    """What a text's validators say before blanks are taken off it: lengths and patterns hold for what is sent."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        found = ((index, _refused_as_sent(field.child, item)) for index, item in enumerate(value))
        return {index: refused for index, refused in found if refused}
    if isinstance(field, serializers.UUIDField) and isinstance(value, str) and not is_uuid(value):
        return [serializers.ErrorDetail(f"Must be a UUID such as {UUID(int=0)}.", code="invalid")]
    if isinstance(field, serializers.CharField) and isinstance(value, str) and value:
        try:
            field.run_validators(value)
        except ValidationError as error:
            return error.detail
    return None


class Conventions(views.APIView):
    """What our views have in common. `scope` or `action_scopes` name a scope other than the method's own."""

    scope: str | None = None
    action_scopes: ClassVar[dict[str, str]] = {}
    _claim: idempotency.Claim | None = None

    def validated(self, serializer_class: type[serializers.BaseSerializer[Any]], data: Any = None) -> dict[str, Any]:
        """The request's body (or `data`) as the serializer reads it; ValidationError otherwise."""
        serializer = serializer_class(data=self.request.data if data is None else data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def query(self, serializer_class: type[QuerySerializer] = QuerySerializer) -> dict[str, Any]:
        """The parameters of the query as the serializer reads them, by default none; ValidationError otherwise."""
        if serializer_class is QuerySerializer and not self.request.query_params:
            return {}
        serializer = serializer_class(data=self.request.query_params)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "DELETE" and hasattr(self, "delete"):
            self.query()  # nothing is removed while a `dry_run` is not understood
        if request.method == "POST" and "Idempotency-Key" in request.headers:
            self._claim = idempotency.claim(
                caller=identity(request),
                key=request.headers["Idempotency-Key"],
                path=request.get_full_path(),
                body=request.data,
            )

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, idempotency.Replay):
            headers = {**exc.headers, "Idempotent-Replay": "true"}
            return Response(exc.body, status=exc.status, headers=headers)
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self._claim is not None:
            kept, self._claim = self._claim, None
            try:
                kept.settle(response)
            except DatabaseError as error:
                # The work is done: to answer that nothing was changed would make the client do it twice.
                logger.warning("An answer could not be kept under its Idempotency-Key: %s", type(error).__name__)
        return response

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        finally:
            if self._claim is not None:  # an error nobody foresaw: the next try may run
                self._claim.release()


class APIView(Conventions):
    """A view that is not about the rows of one table."""


class ViewSet(Conventions, viewsets.GenericViewSet[Any]):
    """A view about the rows of one table."""

    pagination_class = CursorPagination
    large_fields: tuple[str, ...] = ()
    """Columns that may hold a megabyte: a page of the list ends where they become too much together."""
    noun: str = ""
    """What one row is, where its model's own name does not say it well: `Show a piece of infrastructure`."""
    filter_backends = [FilterBackend]
    found_by: ByColumn[Any] | None = None
    """How the row of the path is found, where the queryset holds all rows as they are."""

    def get_object(self) -> Any:
        sought = self.kwargs[self.lookup_url_kwarg or self.lookup_field]
        if isinstance(self._sought_column(), UUIDField) and not is_uuid(str(sought)):
            raise Http404
        if self.found_by is None:
            return super().get_object()
        try:
            found = self.found_by.find(sought)
        except (TypeError, ValueError, InvalidValue):  # no such row: the column could not hold it
            found = None
        if found is None:
            raise Http404
        return found

    def _sought_column(self) -> Any:
        if self.found_by is not None:
            return self.found_by.field
        meta = self.get_queryset().model._meta
        return meta.pk if self.lookup_field == "pk" else meta.get_field(self.lookup_field)


class ReadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ViewSet):
    """List and retrieve."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.query()
        return super().retrieve(request, *args, **kwargs)


class Router(routers.SimpleRouter):
    """Paths without a trailing slash."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)
