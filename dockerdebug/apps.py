from django.apps import AppConfig


class DockerdebugConfig(AppConfig):
    name = "dockerdebug"
    verbose_name = "Docker environment debugger"
    about = "Why a container misbehaves, with the evidence and the fix."
