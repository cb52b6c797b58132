"""People who are called, and their teams."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from config.admin import ToolAdmin
from escalation.admin.channels import FIRST_CHANNEL
from escalation.models import Channel, Person, Team
from escalation.oncall import people, teams

FIRST_PERSON = f"{FIRST_CHANNEL}\npeople add admin --channel ops-mail"


class PersonForm(forms.ModelForm):
    """A user of this service, and how they are called."""

    channel_names = forms.ModelMultipleChoiceField(
        Channel.objects.all(), to_field_name="name", label="Channels", help_text="That reach nobody else."
    )

    class Meta:
        model = Person
        fields = ["user", "channel_names"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "channel_names" in self.fields:
            self.fields["channel_names"].initial = self.instance.channels
        if "user" in self.fields:
            self.fields["user"].queryset = User.objects.filter(is_active=True)  # type: ignore[attr-defined]


@admin.register(Person)
class PersonAdmin(ToolAdmin):
    about = "Users of this service who are called for bugs, each by channels of their own."
    empty_text = "Nobody is entered here yet, so policies call channels. A user of the service, by a channel of theirs:"
    empty_command = FIRST_PERSON
    trail_of = ("person", "name")
    form = PersonForm
    list_display = ["user", "called_by", "in_teams"]
    search_fields = ["user__username"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Person]":
        rows: QuerySet[Person] = super().get_queryset(request)
        return rows.select_related("user").prefetch_related("teams")

    def get_readonly_fields(self, request: HttpRequest, obj: Person | None = None) -> Any:
        return ["user"] if obj else []

    def save_model(self, request: HttpRequest, obj: Person, form: PersonForm, change: bool) -> None:
        names = [channel.name for channel in form.cleaned_data["channel_names"]]
        if change:
            people.change_person(name=obj.name, channels=names)
        else:
            obj.pk = people.add_person(name=obj.name, channels=names).pk

    def delete_model(self, request: HttpRequest, obj: Person) -> None:
        people.remove_person(name=obj.name)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Where they stand in for others goes with them, which needs no permission of its own."""
        shown, counts, _, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    @admin.display(description="called by")
    def called_by(self, person: Person) -> str:
        return ", ".join(person.channels)

    @admin.display(description="teams")
    def in_teams(self, person: Person) -> str:
        return ", ".join(team.name for team in person.teams.all())


class TeamForm(forms.ModelForm):
    """Who is called together."""

    member_names = forms.ModelMultipleChoiceField(Person.objects.select_related("user"), label="Members")

    class Meta:
        model = Team
        fields = ["name", "member_names"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "member_names" in self.fields:
            self.fields["member_names"].initial = list(self.instance.members.all())


@admin.register(Team)
class TeamAdmin(ToolAdmin):
    about = "People who are called together, and whose a bug can be."
    empty_text = "There is no team yet. One of people who can be called:"
    empty_command = f"{FIRST_PERSON}\nteams add shop --member admin"
    trail_of = ("team", "name")
    form = TeamForm
    list_display = ["name", "who"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Team]":
        rows: QuerySet[Team] = super().get_queryset(request)
        return rows.prefetch_related("members__user")

    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> Any:
        return ["name"] if obj else []

    def save_model(self, request: HttpRequest, obj: Team, form: TeamForm, change: bool) -> None:
        names = [person.name for person in form.cleaned_data["member_names"]]
        if change:
            teams.change_team(name=obj.name, members=names)
        else:
            obj.pk = teams.add_team(name=form.cleaned_data["name"], members=names).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The operation has set the members."""

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        teams.remove_team(name=obj.name)

    @admin.display(description="members")
    def who(self, team: Team) -> str:
        return ", ".join(team.member_names)
