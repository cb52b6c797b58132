from django.urls import path

from config.rest.views import Router
from visioncache import views

router = Router()
router.register("entries", views.EntryViewSet, basename="visioncache-entry")

urlpatterns = [
    path("lookup", views.LookupView.as_view(), name="visioncache-lookup"),
    path("invalidate", views.InvalidateView.as_view(), name="visioncache-invalidate"),
    path("stats", views.StatsView.as_view(), name="visioncache-stats"),
    path("leases/<str:token>", views.LeaseView.as_view(), name="visioncache-lease"),
    *router.urls,
]
