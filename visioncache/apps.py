from django.apps import AppConfig


class VisioncacheConfig(AppConfig):
    name = "visioncache"
    verbose_name = "Vision cache"
    about = "What a vision model said of an image, so that nobody asks twice."
