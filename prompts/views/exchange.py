"""REST: prompts from files and into files."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.rest.openapi import refusals
from config.rest.views import APIView
from prompts.assertions import AssertionsInvalid
from prompts.cases import TestCaseInvalid
from prompts.exchange import File, Unreadable, exporting, importing, moving_cases, shipping
from prompts.serializers.exchange import (
    CaseFileSerializer,
    CasesExportedSerializer,
    CasesExportQuery,
    CasesImportedSerializer,
    ExportedSerializer,
    ExportQuery,
    ImportedSerializer,
    ImportSerializer,
    KeepResultSerializer,
    told,
)
from prompts.serializers.runs import TestCaseSerializer


class ImportView(APIView):
    @extend_schema(
        request=ImportSerializer,
        responses={201: ImportedSerializer},
        extensions=refusals(Unreadable, importing.ImportRefused),
    )
    def post(self, request: Request) -> Response:
        """Import the prompts of files with their test cases: all of them, or none."""
        body = self.validated(ImportSerializer)
        done = importing.import_prompts(**{**body, "files": [File(**file) for file in body["files"]]})
        return Response(told(done), status=201)


class ExportView(APIView):
    @extend_schema(parameters=[ExportQuery], responses=ExportedSerializer)
    def get(self, request: Request) -> Response:
        """Export prompts as files of another program, and name what these cannot say."""
        asked = self.query(ExportQuery)
        named = [asked["prompt_id"]] if "prompt_id" in asked else []
        done = exporting.export_prompts(form=asked["format"], prompt_ids=named, label=asked["label"])
        return Response(ExportedSerializer(done).data)


class ShippedView(APIView):
    @extend_schema(request=None, responses={201: ImportedSerializer}, extensions=refusals(importing.ImportRefused))
    def post(self, request: Request) -> Response:
        """Save the slash commands that ship as prompts, with their test cases."""
        return Response(told(shipping.save_shipped()), status=201)


class CasesImportView(APIView):
    @extend_schema(
        request=CaseFileSerializer,
        responses={201: CasesImportedSerializer},
        extensions=refusals(Unreadable, importing.ImportRefused),
    )
    def post(self, request: Request, prompt_id: str) -> Response:
        """Keep the test cases of a file, each in the place of one of its name: all of them, or none."""
        file = File(**self.validated(CaseFileSerializer)["file"])
        done = moving_cases.import_cases(prompt_id=prompt_id, file=file)
        return Response({"cases": [case.name for case in done.cases], "left": done.left}, status=201)


class CasesExportView(APIView):
    @extend_schema(parameters=[CasesExportQuery], responses=CasesExportedSerializer)
    def get(self, request: Request, prompt_id: str) -> Response:
        """Export the test cases of a prompt as a file."""
        as_csv = self.query(CasesExportQuery)["format"] == "csv"
        done = moving_cases.export_cases(prompt_id=prompt_id, as_csv=as_csv)
        return Response(CasesExportedSerializer(done).data)


class KeepResultView(APIView):
    @extend_schema(
        request=KeepResultSerializer,
        responses={201: TestCaseSerializer},
        extensions=refusals(TestCaseInvalid, AssertionsInvalid),
    )
    def post(self, request: Request, uid: str) -> Response:
        """Keep what a run asked as a test case; by what should have come back, or judged as it was."""
        case = moving_cases.keep_result(uid=uid, **self.validated(KeepResultSerializer))
        return Response(TestCaseSerializer(case).data, status=201)
