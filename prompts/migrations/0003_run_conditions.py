from django.db import migrations, models
from django.db.models import Max

from config.canonical import compute_hash


def fill(apps, schema_editor):
    """Say of every run what it ran. A run of cases of its own has no result that belongs to a stored case."""
    there = schema_editor.connection.alias
    runs = apps.get_model("prompts", "Run").objects.using(there)
    for run in runs.select_related("version").only("model", "version__settings").iterator(200):
        results = list(run.results.values_list("case_hash", "test_case"))
        run.settings = {name: value for name, value in run.version.settings.items() if name != "model"}
        run.ad_hoc = not any(case for _, case in results)
        run.suite_hash = compute_hash(sorted(case_hash for case_hash, _ in results))
        run.conditions_hash = compute_hash([run.suite_hash, run.model, run.settings])
        run.save(update_fields=["settings", "ad_hoc", "suite_hash", "conditions_hash"])
    _restore_results(apps.get_model("prompts", "Version").objects.using(there), runs)


def _restore_results(versions, runs):
    """A version's results are those of its last run of the stored cases again."""
    suite = runs.filter(status="finished", ad_hoc=False).order_by()
    last = suite.values("version").annotate(last=Max("pk")).values("last")
    for run in runs.filter(pk__in=last):
        answered = run.passed + run.failed - run.errors
        summary = {
            "run": str(run.uid),
            "status": run.status,
            "total": run.total,
            "passed": run.passed,
            "failed": run.failed,
            "errors": run.errors,
            "success_rate": round(run.passed / answered, 6) if answered else None,
            "model": run.model,
            "ad_hoc": False,
            "verdict": (run.verdict or {}).get("call"),
            "finished_at": run.finished_at and run.finished_at.isoformat(),
        }
        versions.filter(pk=run.version_id).update(test_results=summary)


class Migration(migrations.Migration):
    dependencies = [("prompts", "0002_immutable_versions")]
    operations = [
        migrations.AddField(
            "run",
            "settings",
            models.JSONField(blank=True, default=dict, help_text="What the model was asked with."),
        ),
        migrations.AddField(
            "run",
            "ad_hoc",
            models.BooleanField(default=False, help_text="Of cases given for this run alone: no verdict rests on it."),
        ),
        migrations.AddField(
            "run",
            "suite_hash",
            models.CharField(blank=True, default="", help_text="SHA-256 of the cases.", max_length=64),
        ),
        migrations.AddField(
            "run",
            "conditions_hash",
            models.CharField(
                blank=True,
                default="",
                help_text="SHA-256 of cases, model and settings: runs of one hash differ in the prompt alone.",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            "version",
            "test_results",
            models.JSONField(
                help_text="The summary of the last finished run of the suite; without one, of an ad-hoc run.",
                null=True,
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
