from django.apps import AppConfig


class VisioncacheConfig(AppConfig):
    name = "visioncache"
    verbose_name = "Vision cache"
