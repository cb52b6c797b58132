from django.urls import path

from audit import views
from audit.budgets import views as budget_views
from audit.permissions import views as permission_views
from audit.permissions.approvals import views as approval_views
from audit.permissions.latitude import views as latitude_views
from audit.prices import views as price_views
from audit.sessions import views as session_views
from config.rest.views import Router

events = Router()
events.register("events", views.EventViewSet, basename="audit-event")

router = Router()
router.register("backups", views.BackupViewSet, basename="audit-backup")
router.register("budgets", budget_views.BudgetViewSet, basename="audit-budget")
router.register("checkpoints", views.CheckpointViewSet, basename="audit-checkpoint")
router.register("allowances", latitude_views.AllowanceViewSet, basename="audit-allowance")
router.register("approvals", approval_views.ApprovalViewSet, basename="audit-approval")
router.register("exceptions", latitude_views.ExceptionViewSet, basename="audit-exception")
router.register("postures", latitude_views.PostureViewSet, basename="audit-posture")
router.register("prices", price_views.PriceViewSet, basename="audit-price")
router.register("sessions", session_views.SessionViewSet, basename="audit-session")
router.register("rules", permission_views.RuleViewSet, basename="audit-rule")

ENTITY = "entities/<str:entity_type>/<path:entity_id>"

urlpatterns = [  # tried in this order: what programs ask all day comes first
    path("decisions", permission_views.DecisionView.as_view(), name="audit-decisions"),
    path("hooks/<str:agent>", permission_views.HookView.as_view(), name="audit-hooks"),
    *events.urls,
    path(f"{ENTITY}/history", views.HistoryView.as_view(), name="audit-history"),
    path(f"{ENTITY}/state", views.StateView.as_view(), name="audit-state"),
    path(f"{ENTITY}/rollback", views.RollbackView.as_view(), name="audit-rollback"),
    path("export", views.ExportView.as_view(), name="audit-export"),
    path("rollback", views.GroupRollbackView.as_view(), name="audit-rollback-group"),
    path("rules/explain", latitude_views.ExplainView.as_view(), name="audit-rules-explain"),
    path("stream", views.StreamView.as_view(), name="audit-stream"),
    path("verify", views.VerifyView.as_view(), name="audit-verify"),
    *router.urls,
]
