from typing import Any

from django.urls import path

from prompts import views

ONE = "prompts/<str:prompt_id>"
READ: dict[str, Any] = {"get": "list", "post": "create"}
CHANGE: dict[str, Any] = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("prompts", views.PromptViewSet.as_view(READ), name="prompts-prompts"),
    path(ONE, views.PromptViewSet.as_view(CHANGE), name="prompts-prompt"),
    path(f"{ONE}/versions", views.VersionViewSet.as_view(READ), name="prompts-versions"),
    path(f"{ONE}/versions/<int:number>", views.VersionViewSet.as_view({"get": "retrieve"}), name="prompts-version"),
    path(
        f"{ONE}/versions/<int:number>/activate",
        views.VersionViewSet.as_view({"post": "activate"}),
        name="prompts-activate",
    ),
    path(f"{ONE}/versions/<int:number>/test", views.VersionViewSet.as_view({"post": "test"}), name="prompts-test"),
    path(f"{ONE}/compare", views.CompareView.as_view(), name="prompts-compare"),
    path(f"{ONE}/regression", views.RegressionView.as_view(), name="prompts-regression"),
    path(f"{ONE}/render", views.RenderView.as_view(), name="prompts-render"),
    path(f"{ONE}/test-cases", views.TestCaseViewSet.as_view(READ), name="prompts-test-cases"),
    path(f"{ONE}/test-cases/<uuid:uid>", views.TestCaseViewSet.as_view(CHANGE), name="prompts-test-case"),
    path("runs", views.RunViewSet.as_view({"get": "list"}), name="prompts-runs"),
    path("runs/<uuid:uid>", views.RunViewSet.as_view({"get": "retrieve"}), name="prompts-run"),
    path("runs/<uuid:uid>/cancel", views.RunViewSet.as_view({"post": "cancel"}), name="prompts-cancel"),
    path("tokens/count", views.CountView.as_view(), name="prompts-count"),
    path("compress", views.CompressView.as_view(), name="prompts-compress"),
]
