"""Which version is meant: by its number, or by a label it holds."""

from config.database.prepared import ByColumn
from config.errors import NotFound
from prompts.models import LATEST, PRODUCTION, Label, Prompt, Version
from prompts.prompts import get_prompt


class VersionNotFound(NotFound):
    code = "version-not-found"


class LabelNotFound(NotFound):
    code = "label-not-found"


def get_version(*, prompt: Prompt, number: int | None = None, label: str = PRODUCTION) -> Version:
    """A version by number, or the one that holds a label. There is no falling back from it.

    Raises VersionNotFound, LabelNotFound.
    """
    if number is None:
        return _holder(prompt, label)
    # Beyond the column's range there is nothing to find, and PostgreSQL would complain.
    found = prompt.versions.select_related("prompt").filter(number=number)
    version = found.first() if 0 < number < 2**31 else None
    if version is None:
        raise VersionNotFound(f"Prompt {prompt.prompt_id} has no version {number} ({_known(prompt)}).")
    return version


_BY_KEY = ByColumn(Version.objects.select_related("prompt"), "id")


def fetch_version(*, prompt_id: str, label: str = PRODUCTION) -> Version:
    """The version that holds a label, with all its labels, as applications fetch it: by few look-ups where it is there.

    Raises PromptNotFound, VersionNotFound, LabelNotFound.
    """
    found = Label.objects.filter(prompt__prompt_id=prompt_id).order_by("name").values_list("name", "version")
    labels = dict(found)
    version = _BY_KEY.find(labels[label]) if label in labels else None
    if version is not None:
        version.label_names = [name for name, held in labels.items() if held == version.pk]
        return version
    return get_version(prompt=get_prompt(prompt_id=prompt_id), label=label)


def get_label(*, prompt: Prompt, name: str) -> Label:
    """Raises LabelNotFound."""
    label = prompt.labels.select_related("version__prompt", "prompt").filter(name=name).first()
    if label is None:
        raise _no_label(prompt, name)
    return label


def _holder(prompt: Prompt, label: str) -> Version:
    versions = prompt.versions.select_related("prompt")
    version = versions.on_the_line().first() if label == LATEST else versions.filter(labels__name=label).first()
    if version is not None:
        return version
    if label in {PRODUCTION, LATEST}:
        what = "active version" if label == PRODUCTION else "version"
        raise VersionNotFound(
            f"Prompt {prompt.prompt_id} has no {what} ({_known(prompt)}). Name a version or activate one."
        )
    raise _no_label(prompt, label)


def _no_label(prompt: Prompt, name: str) -> LabelNotFound:
    known = ", ".join(prompt.labels.order_by("name").values_list("name", flat=True)) or "none yet"
    return LabelNotFound(f"Prompt {prompt.prompt_id} has no label {name[:64]} (it has {known}).")


def _known(prompt: Prompt) -> str:
    if prompt.latest_number == 0:
        return "it has none yet"
    return "it has version 1" if prompt.latest_number == 1 else f"it has 1 to {prompt.latest_number}"
