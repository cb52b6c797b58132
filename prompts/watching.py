"""Noticing that the model behind an unchanged prompt has changed: what programs fetch is tested again, and again.

Such a run is compared with the one before of the same version, so nothing but the model can have made a difference. A
regression is the event that any is, of which others make a bug.
"""

import logging

from config.errors import DomainError
from prompts.models import Label, Run
from prompts.testing import NoCases, test_prompt_version

logger = logging.getLogger(__name__)


def watch_models() -> int:
    """Test each version that holds a protected label, unless it is being tested; how many tests were started.

    A prompt without cases shows nothing and is passed over; one that cannot be tested hinders no other.
    """
    started = 0
    held = Label.objects.filter(protected=True).exclude(version__runs__in=Run.objects.open())
    for prompt_id, number in set(held.values_list("prompt__prompt_id", "version__number")):
        try:
            test_prompt_version(prompt_id=prompt_id, number=number)
        except NoCases:
            continue
        except DomainError as error:
            logger.warning("%s@%s cannot be watched: %s", prompt_id, number, error.detail)
        else:
            started += 1
    return started
