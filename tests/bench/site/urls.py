"""The service's URLs and a view without keys, scopes, throttling, trail or strictness: what Django costs by itself."""

import uuid

from django.urls import include, path
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bench.site.models import Note


class NoteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Note
        fields = ["id", "name", "owner", "count", "value", "changed_at"]


class BareView(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)

    def get(self, request: Request, pk: int) -> Response:
        return Response(NoteSerializer(Note.objects.get(pk=pk)).data)

    def post(self, request: Request) -> Response:
        note = NoteSerializer(data=request.data | {"name": str(uuid.uuid4())})
        note.is_valid(raise_exception=True)
        note.save()
        return Response(note.data, status=201)


urlpatterns = [
    path("bare/notes", BareView.as_view()),
    path("bare/notes/<int:pk>", BareView.as_view()),
    path("", include("config.urls")),
]
