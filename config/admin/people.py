"""Who may do what: Django's own pages of users and groups, with what the trail says of them."""

from django.contrib import admin
from django.contrib.auth import admin as auth
from django.contrib.auth.models import Group, User

from config.pages.history import Historied

admin.site.unregister([User, Group])


@admin.register(User)
class UserAdmin(Historied, auth.UserAdmin):
    about = "People who may sign in, and what they may do."
    trail_of = ("auth.user", "pk")
    readonly_fields = ("last_login", "date_joined")


@admin.register(Group)
class GroupAdmin(Historied, auth.GroupAdmin):
    about = "What several people may do alike."
    trail_of = ("auth.group", "pk")
