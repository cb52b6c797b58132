from django.urls import path

from config.rest.views import Router
from schemacheck import views

router = Router()
router.register("checks", views.CheckViewSet, basename="schemacheck-check")

urlpatterns = [
    path("validate", views.ValidateView.as_view(), name="schemacheck-validate"),
    path("rules", views.RulesView.as_view(), name="schemacheck-rules"),
    path("migrations", views.MigrationsView.as_view(), name="schemacheck-migrations"),
    path("migrations/trial", views.TrialView.as_view(), name="schemacheck-migrations-trial"),
    path("live", views.LiveView.as_view(), name="schemacheck-live"),
    *router.urls,
]
