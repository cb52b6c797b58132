from django.urls import path

from config.rest.views import Router
from dockerdebug import views

router = Router()
router.register("diagnoses", views.DiagnosisViewSet, basename="dockerdebug-diagnosis")
router.register("insights", views.InsightViewSet, basename="dockerdebug-insight")
router.register("infrastructure", views.InfrastructureViewSet, basename="dockerdebug-infrastructure")
router.register("tags", views.TagViewSet, basename="dockerdebug-tag")

urlpatterns = [
    path("containers", views.ContainersView.as_view(), name="dockerdebug-containers"),
    path("checks", views.ChecksView.as_view(), name="dockerdebug-checks"),
    path("findings", views.FindingsView.as_view(), name="dockerdebug-findings"),
    path("compare", views.CompareView.as_view(), name="dockerdebug-compare"),
    *router.urls,
]
