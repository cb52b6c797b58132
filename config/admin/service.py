"""What the service keeps for itself: its jobs and its processes."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from config.admin.tool import ReadOnlyAdmin
from config.errors import Conflict
from config.models import BrokerMessage, BrokerMessageQuerySet, Heartbeat, PeriodicRun
from config.pages import kit
from config.pages.admin_lists import MonthFilter
from config.pages.moves import move

_TONES: dict[str, kit.Tone] = {"parked": "bad", "leased": "info", "scheduled": "quiet", "waiting": "wait"}


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("parked", "Parked"), ("leased", "With a worker"), ("ready", "Waiting")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[BrokerMessage]) -> QuerySet[BrokerMessage]:
        jobs = cast("BrokerMessageQuerySet", queryset)
        match self.value():
            case "parked":
                return jobs.parked()
            case "leased":
                return jobs.leased()
            case "ready":
                return jobs.ready()
        return jobs


@admin.register(BrokerMessage)
class BrokerMessageAdmin(ReadOnlyAdmin):
    internal = True
    about = (
        "Work that waits, runs with a worker, or is parked since every worker that took it died. Done jobs are gone."
    )
    empty_text = "Nothing waits: every job is done."
    list_display = ["task", "state_badge", "created_at", "available_at", "deliveries", "worker", "reason"]
    list_filter = [StateFilter, "queue", "task", ("created_at", MonthFilter)]
    search_fields = ["task", "task_id", "worker"]
    search_help_text = "A task, an id or a worker"
    unlisted = ("payload",)
    sections = [
        ("Job", ["task", "state_badge", "reason", "task_id", "queue"]),
        ("Deliveries", ["created_at", "available_at", "deliveries", "worker", "parked_at"]),
    ]
    moves = ["requeue"]

    @admin.display(description="State", ordering="parked_at")
    def state_badge(self, job: BrokerMessage) -> SafeString:
        return kit.badge(job.state, _TONES[job.state], underway=job.state in {"leased", "waiting"})

    @move(permissions=["requeue"], when=lambda job: job.parked_at is not None, weight="first", bulk=True)
    def requeue(self, request: HttpRequest, job: BrokerMessage) -> str:
        if not BrokerMessage.objects.filter(pk=job.pk).requeue():
            raise Conflict("It is not parked any more.")
        return f"{job} waits for a worker again."

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    internal = True
    about = "Workers and beats, each with its last sign of life. Who is silent for 15 seconds counts as dead."
    empty_text = "No worker and no beat has started. One command starts all there is:"
    empty_command = "up"
    list_display = ["name", "life", "role", "beaten_at", "started_at"]
    list_filter = ["role"]
    sections = [("Process", ["name", "life", "role", "started_at", "beaten_at"])]

    @admin.display(description="State", ordering="beaten_at")
    def life(self, process: Heartbeat) -> SafeString:
        return kit.badge("alive", "good") if process.is_alive else kit.badge("silent", "bad")


@admin.register(PeriodicRun)
class PeriodicRunAdmin(ReadOnlyAdmin):
    internal = True
    about = "Jobs that run by the clock, and when each was last sent."
    empty_text = "Nothing has run by the clock: no beat has started yet."
    empty_command = "up"
    list_display = ["name", "last_run_at", "total_runs"]
    search_fields = ["name"]
    search_help_text = "A name"
    sections = [("Job", ["name", "last_run_at", "total_runs"])]
