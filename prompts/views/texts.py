"""REST: counting and compressing."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.views import APIView
from prompts import compression as compressing
from prompts.serializers.texts import CompressedSerializer, CompressSerializer, CountedSerializer, CountSerializer
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
        """Cut a text to a token budget: whitespace, comments, summary, truncation; of 1 MiB at most, never over it."""
        return Response(CompressedSerializer(compressing.compress(**self.validated(CompressSerializer))).data)
