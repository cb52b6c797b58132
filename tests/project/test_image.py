"""The image starts as fast as it can: what it runs is compiled in it, since its user may write nothing there."""

import re

from tests.project.sources import ROOT

STEPS = re.split(r"\n(?=[A-Z]+ )", (ROOT / "Dockerfile").read_text(encoding="utf-8"))


def place(beginning: str) -> int:
    return next(number for number, step in enumerate(STEPS) if step.startswith(beginning))


def test_the_service_and_the_standard_library_are_compiled_by_who_may_write_them() -> None:
    [compiled] = [number for number, step in enumerate(STEPS) if "compileall" in step]
    assert place("COPY . .") < compiled < place("USER")
    assert 'get_path("stdlib")' in STEPS[compiled]
    assert STEPS[compiled].rstrip().endswith(" .")


def test_nothing_tells_python_to_do_without_bytecode() -> None:
    assert not [step for step in STEPS if "PYTHONDONTWRITEBYTECODE" in step and not step.startswith("#")]
