"""What the service keeps for itself: its jobs and its processes."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from config.admin.tool import ReadOnlyAdmin
from config.models import BrokerMessage, Heartbeat, PeriodicRun
from config.pages.admin_lists import MonthFilter


@admin.register(BrokerMessage)
class BrokerMessageAdmin(ReadOnlyAdmin):
    """Jobs that wait, run, or were parked because no worker survived them."""

    list_display = ["id", "task", "task_id", "queue", "state", "deliveries", "available_at", "worker", "reason"]
    list_filter = [("parked_at", admin.EmptyFieldListFilter), "queue", "task", ("created_at", MonthFilter)]
    search_fields = ["task", "task_id", "worker"]
    exclude = ["payload"]
    actions = ["requeue"]

    @admin.action(description="Requeue selected parked jobs", permissions=["requeue"])
    def requeue(self, request: HttpRequest, queryset: QuerySet[BrokerMessage]) -> None:
        count = BrokerMessage.objects.filter(pk__in=queryset).requeue()
        self.message_user(request, f"{count} parked jobs wait for a worker again.")

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    list_display = ["name", "role", "started_at", "beaten_at"]
    list_filter = ["role"]


@admin.register(PeriodicRun)
class PeriodicRunAdmin(ReadOnlyAdmin):
    list_display = ["name", "last_run_at", "total_runs"]
    search_fields = ["name"]
