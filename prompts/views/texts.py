"""REST: counting and compressing."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.views import APIView
from prompts import compressions
from prompts.serializers.texts import (
    CompressedSerializer,
    CompressSerializer,
    CountedSerializer,
    CountSerializer,
    KeptTextSerializer,
    LinesQuery,
)
from prompts.templates import Message
from prompts.tokens import count


class CountView(APIView):
    scope = "read"

    @extend_schema(
        request=CountSerializer,
        responses=CountedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Count the tokens of a text or of messages; 1 MiB at most, without a network."""
        body = self.validated(CountSerializer)
        if "messages" in body:
            body["messages"] = [Message(**message) for message in body["messages"]]
        return Response(CountedSerializer(count(**body)).data)


class CompressView(APIView):
    scope = "read"

    @extend_schema(
        request=CompressSerializer,
        responses=CompressedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Cut a text to a token budget, never over it; code keeps definitions, logs and JSON keep what is odd."""
        found = compressions.compress_and_keep(**self.validated(CompressSerializer))
        return Response(CompressedSerializer(found).data)


class CompressionView(APIView):
    @extend_schema(responses=KeptTextSerializer, parameters=[LinesQuery])
    def get(self, request: Request, hash: str) -> Response:  # noqa: A002 -- the path's own name
        """Get back a text that was compressed, or some of its lines: for a day, by the key that sent it."""
        found = compressions.get_compression(hash=hash, **self.query(LinesQuery))
        return Response(KeptTextSerializer(found).data)
