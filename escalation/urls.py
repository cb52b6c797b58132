from django.urls import path, re_path

from config.rest.views import Router
from escalation import views

router = Router()
router.register("bugs", views.BugViewSet, basename="escalation-bug")
router.register("projects", views.ProjectViewSet, basename="escalation-project")

urlpatterns = [
    re_path(
        r"^bugs/(?P<bug_id>[^/]+)/occurrences$",
        views.OccurrenceViewSet.as_view({"get": "list"}),
        name="escalation-bug-occurrences",
    ),
    path("summary", views.SummaryView.as_view(), name="escalation-summary"),
    path("priority", views.PriorityView.as_view(), name="escalation-priority"),
    *router.urls,
]
