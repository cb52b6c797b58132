from django.urls import path

from audit.agents import views

urlpatterns = [path("hook.py", views.client, name="agents-hook")]
