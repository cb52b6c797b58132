from django.urls import path

from audit.agents import client, views

urlpatterns = [path(name, views.client_file, {"name": name}, name=f"agents-{name}") for name in client.FILES]
