"""Prompts, their immutable versions, and the labels that say which version is for what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.functional import cached_property

from config.canonical import compute_hash
from config.database.json_column import JSONField
from config.secrets import blank, scrub
from prompts.fields import LONGEST_FOLDER, LONGEST_LABEL, LONGEST_TAG

if TYPE_CHECKING:
    # Loaded where it is used: every process has the models, and few of them templates with their engine.
    from prompts.templates import Message, Variables

PROMPT_ID = r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}"
PROMPT_ID_RULE = RegexValidator(rf"^{PROMPT_ID}\Z", "Letters, digits and . _ : @ - only, at most 128.")
LABEL = rf"[a-z][a-z0-9._-]{{0,{LONGEST_LABEL - 1}}}"
LABEL_RULE = RegexValidator(rf"^{LABEL}\Z", "A lower-case letter, then letters, digits and . _ - only, at most 64.")
_WORDS = r"[A-Za-z0-9_.-]+( [A-Za-z0-9_.-]+)*"
FOLDER = rf"{_WORDS}(/{_WORDS})*"
TAG = r"[a-z0-9][a-z0-9._-]*"
PRODUCTION = "production"
"""The label of the version that programs fetch; a version that holds it is called active."""
LATEST = "latest"
"""No label that is kept: whichever version was saved last holds it."""


class PromptQuerySet(models.QuerySet["Prompt"]):
    def after(self, prompt_id: str, *, begins: str = "") -> Self:
        """By name, from behind one on, each with its active version; of those alone that begin so."""
        found = self.filter(prompt_id__gt=prompt_id, prompt_id__startswith=begins)
        active = models.Prefetch("versions", queryset=Version.objects.active())
        return found.order_by("prompt_id").prefetch_related("labels", active)

    def with_active_version(self) -> Self:
        """Each with the number of its active version, as `active_version`."""
        held = Label.objects.filter(prompt=OuterRef("pk"), name=PRODUCTION).values("version__number")
        return self.annotate(active_version=Subquery(held[:1]))

    def within(self, folder: str) -> Self:
        """Those in a folder and in the folders below it."""
        return self.filter(Q(folder=folder) | Q(folder__startswith=f"{folder}/"))


class Prompt(models.Model):
    prompt_id = models.CharField(
        max_length=128,
        unique=True,
        validators=[PROMPT_ID_RULE],
        help_text="The name it is fetched by, such as extract-keywords.",
    )
    description = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True, editable=False)
    folder = models.CharField(
        max_length=LONGEST_FOLDER, blank=True, default="", db_index=True, help_text="Such as support/triage."
    )
    latest_number = models.PositiveIntegerField(
        default=0, editable=False, help_text="Counts versions; a number is never given twice."
    )

    objects = PromptQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.prompt_id

    @property
    def active(self) -> "Version | None":
        held = {label.version_id for label in self.labels.all() if label.name == PRODUCTION}
        return next((version for version in self.versions.all() if version.pk in held), None)

    @property
    def tags(self) -> list[str]:
        return sorted(tag.name for tag in self.tagged.all())

    def state(self) -> dict[str, Any]:
        """What the trail keeps of a prompt and a rollback restores.

        What is not set is not said: so a state from before there were labels is one of now.
        """
        labels = list(self.labels.order_by("name").values_list("name", "version__number", "protected"))
        held = {name: number for name, number, _ in labels}
        active = held.pop(PRODUCTION, None)
        kept = [name for name, _, protected in labels if protected]
        more = {"labels": held, "protected": kept, "folder": self.folder, "tags": self.tags}
        said = {name: value for name, value in more.items() if value}
        return {"description": self.description, "active_version": active, **said}


class PromptTag(models.Model):
    """A word to find a prompt by."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="tagged")
    name = models.CharField(max_length=LONGEST_TAG)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "prompt"], name="prompt_tag")]

    def __str__(self) -> str:
        return self.name


class VersionQuerySet(models.QuerySet["Version"]):
    def active(self) -> Self:
        return self.filter(labels__name=PRODUCTION)

    def on_the_line(self) -> Self:
        """Without the tries beside it."""
        return self.filter(branch="")

    def labelled(self) -> Self:
        """With what each holds, by one query for all."""
        return self.prefetch_related("labels")


class Version(models.Model):
    """One text of a prompt. The database refuses to change it but for CHANGING, and to delete it without its prompt."""

    CHANGING = ("test_results",)

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(help_text="From 1, without gaps.")
    prompt_text = models.TextField(null=True)  # noqa: DJ001  -- null means: see messages
    messages = JSONField(null=True, help_text="[{role, content}] when it is not a single text.")
    branch = models.CharField(
        max_length=LONGEST_LABEL, blank=True, default="", help_text="Of a try beside the line; empty on the line."
    )
    purpose = models.TextField(blank=True, default="")
    notes = models.TextField(blank=True, default="")
    settings = JSONField(default=dict, blank=True, help_text="temperature, seed, max_tokens, ...")
    tokens = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of text or messages and settings.")
    test_results = JSONField(
        null=True, help_text="The summary of the last finished run of the suite; without one, of an ad-hoc run."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=255, blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "number"], name="version_number"),
            models.CheckConstraint(
                condition=models.Q(prompt_text__isnull=False, messages__isnull=True)
                | models.Q(prompt_text__isnull=True, messages__isnull=False),
                name="version_text_or_messages",
            ),
        ]
        indexes = [models.Index(fields=["prompt", "content_hash"], name="version_content")]

    def __str__(self) -> str:
        return self.entity_id

    @property
    def entity_id(self) -> str:
        return f"{self.prompt.prompt_id}@{self.number}"

    @cached_property
    def label_names(self) -> list[str]:
        """The labels it held when this was first asked, but for LATEST."""
        return sorted(label.name for label in self.labels.all())

    @property
    def is_active(self) -> bool:
        """Whether it is what programs fetch."""
        return PRODUCTION in self.label_names

    @property
    def is_plain(self) -> bool:
        """A single prompt text rather than chat turns."""
        return self.prompt_text is not None

    @property
    def source(self) -> "list[Message]":
        """As it was written, with its includes."""
        from prompts.templates import Message

        if self.prompt_text is not None:
            return [Message(role="user", content=self.prompt_text)]
        return [Message(**message) for message in self.messages or []]

    @property
    def conversation(self) -> "list[Message]":
        """What is rendered: with the text of what it includes in its place."""
        from prompts.templates.blocks import INCLUDE

        source = self.source
        if not any(INCLUDE in message.content for message in source):
            return source
        from prompts.templates.composing import compose  # few versions include others

        return compose(source, {part.name: part.part.whole_text for part in self.parts.all()})

    @property
    def whole_text(self) -> str:
        """The conversation as one text, which another version can include."""
        return _as_text(self.conversation, plain=self.is_plain)

    @property
    def contains(self) -> dict[str, str]:
        """The versions it includes, by the name it has for each."""
        from prompts.templates.blocks import INCLUDE

        if INCLUDE not in self.text:
            return {}
        return {part.name: str(part.part) for part in self.parts.all()}

    @property
    def text(self) -> str:
        """The version as it was written, as one text to read."""
        return _as_text(self.source, plain=self.is_plain)

    @property
    def variables(self) -> "Variables":
        from prompts.templates import inspect_messages

        return inspect_messages(self.conversation)

    @property
    def etag(self) -> str:
        """Changes with what is told of it, all of which is fixed but for its labels and its last test."""
        told = [self.pk, self.label_names, self.test_results]
        return f'"{compute_hash(told)[:32]}"'

    def state(self) -> dict[str, Any]:
        """The version as the trail keeps it, where nothing is changed later: without what looks like a secret."""
        if self.prompt_text is not None:
            content: dict[str, Any] = {"prompt_text": blank(self.prompt_text)}
        else:
            messages = self.messages or []
            content = {"messages": [{**item, "content": blank(item["content"])} for item in messages]}
        remarks = {name: blank(getattr(self, name)) for name in ("purpose", "notes")}
        branch = {"branch": self.branch} if self.branch else {}
        return {
            "version": self.number,
            **content,
            **remarks,
            **branch,
            **({"parts": contains} if (contains := self.contains) else {}),
            "settings": scrub(self.settings),
            "content_hash": self.content_hash,
        }


def _as_text(messages: "Sequence[Message]", *, plain: bool) -> str:
    return messages[0].content if plain else "\n\n".join(f"[{turn.role}]\n{turn.content}" for turn in messages)


class VersionPart(models.Model):
    """A version that another one includes, held fast when that was saved. The database refuses to change it."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="parts")
    name = models.CharField(max_length=300, help_text="As it is written there.")
    part = models.ForeignKey(Version, models.RESTRICT, related_name="used_as")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="version_part")]

    def __str__(self) -> str:
        return f"{self.version} includes {self.part}"


class Label(models.Model):
    """A name that one version of a prompt holds at a time, such as production or staging."""

    prompt = models.ForeignKey(Prompt, models.CASCADE, related_name="labels")
    version = models.ForeignKey(Version, models.CASCADE, related_name="labels")
    name = models.CharField(max_length=LONGEST_LABEL, validators=[LABEL_RULE])
    protected = models.BooleanField(default=False, help_text="It moves on evidence or by two, and is not taken away.")
    moved_at = models.DateTimeField(default=timezone.now, editable=False)
    moved_by = models.CharField(max_length=255, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["prompt", "name"], name="label_name")]

    def __str__(self) -> str:
        return f"{self.prompt.prompt_id}/{self.name}"


class LabelApproval(models.Model):
    """A second person's word that a protected label may move to a version, from the one that holds it now."""

    label = models.ForeignKey(Label, models.CASCADE, related_name="approvals")
    version = models.ForeignKey(Version, models.CASCADE, related_name="+", help_text="That may hold the label.")
    against = models.ForeignKey(Version, models.CASCADE, related_name="+", help_text="That held it then.")
    reason = models.TextField()
    approved_at = models.DateTimeField(default=timezone.now, editable=False)
    approved_by = models.CharField(max_length=255, editable=False)
    person = models.CharField(max_length=255, editable=False, help_text="Whose key or page it came by.")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["label", "version", "against", "person"], name="label_approval")]

    def __str__(self) -> str:
        return f"{self.label} to version {self.version.number}"
