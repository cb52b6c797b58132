from django.urls import path, re_path

from config.rest.views import Router
from escalation import views
from escalation.alerts.views import AlertViewSet
from escalation.delivery.views import ChannelViewSet, DeliveryViewSet
from escalation.heartbeats.views import HeartbeatViewSet
from escalation.maintenance.views import MaintenanceViewSet
from escalation.oncall.views import OnCallView, PersonViewSet, ScheduleViewSet, TeamViewSet
from escalation.policies.views import PolicyViewSet

router = Router()
router.register("bugs", views.BugViewSet, basename="escalation-bug")
router.register("projects", views.ProjectViewSet, basename="escalation-project")
router.register("channels", ChannelViewSet, basename="escalation-channel")
router.register("deliveries", DeliveryViewSet, basename="escalation-delivery")
router.register("heartbeats", HeartbeatViewSet, basename="escalation-heartbeat")
router.register("alerts", AlertViewSet, basename="escalation-alert")
router.register("maintenance", MaintenanceViewSet, basename="escalation-maintenance")
router.register("people", PersonViewSet, basename="escalation-person")
router.register("policies", PolicyViewSet, basename="escalation-policy")
router.register("schedules", ScheduleViewSet, basename="escalation-schedule")
router.register("teams", TeamViewSet, basename="escalation-team")

urlpatterns = [
    re_path(
        r"^bugs/(?P<bug_id>[^/]+)/occurrences$",
        views.OccurrenceViewSet.as_view({"get": "list"}),
        name="escalation-bug-occurrences",
    ),
    path("on-call", OnCallView.as_view(), name="escalation-on-call"),
    path("summary", views.SummaryView.as_view(), name="escalation-summary"),
    path("priority", views.PriorityView.as_view(), name="escalation-priority"),
    *router.urls,
]
