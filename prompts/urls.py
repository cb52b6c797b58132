from typing import Any

from django.urls import path

from prompts.memories import views as memories
from prompts.views import cases, endpoints, evaluations, exchange, labels, prompts, runs, texts

ONE = "prompts/<str:prompt_id>"
READ: dict[str, Any] = {"get": "list", "post": "create"}
CHANGE: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
ONE_MEMORY: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("prompts", prompts.PromptViewSet.as_view(READ), name="prompts-prompts"),
    path(ONE, prompts.PromptViewSet.as_view(CHANGE), name="prompts-prompt"),
    path(f"{ONE}/versions", prompts.VersionViewSet.as_view(READ), name="prompts-versions"),
    path(f"{ONE}/versions/<int:number>", prompts.VersionViewSet.as_view({"get": "retrieve"}), name="prompts-version"),
    path(
        f"{ONE}/versions/<int:number>/activate",
        prompts.VersionViewSet.as_view({"post": "activate"}),
        name="prompts-activate",
    ),
    path(f"{ONE}/versions/<int:number>/adopt", prompts.VersionViewSet.as_view({"post": "adopt"}), name="prompts-adopt"),
    path(f"{ONE}/versions/<int:number>/test", prompts.VersionViewSet.as_view({"post": "test"}), name="prompts-test"),
    path(f"{ONE}/labels", labels.LabelViewSet.as_view({"get": "list"}), name="prompts-labels"),
    path(
        f"{ONE}/labels/<str:label>",
        labels.LabelViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="prompts-label",
    ),
    path(f"{ONE}/labels/<str:label>/gate", labels.LabelViewSet.as_view({"get": "gate"}), name="prompts-gate"),
    path(f"{ONE}/labels/<str:label>/approve", labels.LabelViewSet.as_view({"post": "approve"}), name="prompts-approve"),
    path(f"{ONE}/compare", runs.CompareView.as_view(), name="prompts-compare"),
    path(f"{ONE}/regression", runs.RegressionView.as_view(), name="prompts-regression"),
    path(f"{ONE}/render", prompts.RenderView.as_view(), name="prompts-render"),
    path(f"{ONE}/test-cases", cases.TestCaseViewSet.as_view(READ), name="prompts-test-cases"),
    path(f"{ONE}/test-cases/<uuid:uid>", cases.TestCaseViewSet.as_view(CHANGE), name="prompts-test-case"),
    path(f"{ONE}/test-cases/import", exchange.CasesImportView.as_view(), name="prompts-cases-import"),
    path(f"{ONE}/test-cases/export", exchange.CasesExportView.as_view(), name="prompts-cases-export"),
    path("endpoints", endpoints.EndpointViewSet.as_view(READ), name="prompts-endpoints"),
    path(
        "endpoints/<str:name>",
        endpoints.EndpointViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="prompts-endpoint",
    ),
    path("endpoints/<str:name>/try", endpoints.EndpointViewSet.as_view({"post": "try_it"}), name="prompts-try"),
    path("evaluations", evaluations.EvaluationViewSet.as_view(READ), name="prompts-evaluations"),
    path(
        "evaluations/<uuid:uid>",
        evaluations.EvaluationViewSet.as_view({"get": "retrieve"}),
        name="prompts-evaluation",
    ),
    path(
        "evaluations/<uuid:uid>/cancel",
        evaluations.EvaluationViewSet.as_view({"post": "cancel"}),
        name="prompts-evaluation-cancel",
    ),
    path(
        "evaluations/<uuid:uid>/report",
        evaluations.EvaluationViewSet.as_view({"get": "report"}),
        name="prompts-evaluation-report",
    ),
    path("runs", runs.RunViewSet.as_view({"get": "list"}), name="prompts-runs"),
    path("runs/<uuid:uid>", runs.RunViewSet.as_view({"get": "retrieve"}), name="prompts-run"),
    path("runs/<uuid:uid>/keep", exchange.KeepResultView.as_view(), name="prompts-keep-result"),
    path("runs/<uuid:uid>/cancel", runs.RunViewSet.as_view({"post": "cancel"}), name="prompts-cancel"),
    path("import", exchange.ImportView.as_view(), name="prompts-import"),
    path("export", exchange.ExportView.as_view(), name="prompts-export"),
    path("shipped", exchange.ShippedView.as_view(), name="prompts-shipped"),
    path("tokens/count", texts.CountView.as_view(), name="prompts-count"),
    path("memories", memories.MemoryViewSet.as_view(READ), name="prompts-memories"),
    path("memories/search", memories.RecallView.as_view(), name="prompts-recall"),
    path("memories/<uuid:uid>", memories.MemoryViewSet.as_view(ONE_MEMORY), name="prompts-memory"),
    path("patterns", memories.PatternViewSet.as_view({"get": "list"}), name="prompts-patterns"),
    path("compress", texts.CompressView.as_view(), name="prompts-compress"),
    path("compressions/<str:hash>", texts.CompressionView.as_view(), name="prompts-compression"),
]
