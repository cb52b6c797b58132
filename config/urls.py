"""Every path of the service: the tools' REST API under /api/v1/, the admin, the dashboard, health and metrics."""

from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from config.pages import api_docs, errors, kit_page, views
from config.pages.manual import views as manual

admin.autodiscover()  # here and not at start: only a process that answers requests needs the admin's modules

urlpatterns = [  # tried in this order: what programs ask all day comes first
    *[path(f"api/v1/{app}/", include(f"{app}.urls")) for app in ["audit", *settings.TOOLS] if find_spec(f"{app}.urls")],
    path("", views.page, name="dashboard"),
    path("dashboard/figures", views.fragment, name="dashboard-figures"),
    path("dashboard/live", views.stream, name="dashboard-live"),
    path("dashboard/first-steps", views.dismiss_first_steps, name="dashboard-first-steps"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
    path("metrics", views.MetricsView.as_view(), name="metrics"),
    path("agents/", include("audit.agents.urls")),
    *[path("", include(f"{app}.root_urls")) for app in settings.TOOLS if find_spec(f"{app}.root_urls")],
    path("api/schema/", api_docs.schema, name="schema"),
    path("api/docs", api_docs.docs, name="docs"),
    re_path(r"^api(/|$)", errors.not_found),
    path("docs/", manual.contents, name="manual"),
    path("docs/<path:slug>", manual.chapter, name="manual-chapter"),
    path("kit/", kit_page.page, name="kit"),
    path("admin/login/", errors.login),
    path("admin/", admin.site.urls),
]
handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
