"""A run in a few numbers, as the machinery around it takes them: GitHub's step outputs, GitLab's widget."""

from __future__ import annotations

from collections.abc import Mapping

from assistctl.model.drift import Drift
from assistctl.model.plan import Action, Plan
from assistctl.model.report import Outcome, Report
from assistctl.model.values import Json


def gitlab_widget(plan: Plan) -> dict[str, Json]:
    """``{create, update, delete}`` for ``artifacts:reports:terraform`` (GitLab's documentation, "Terraform
    report artifacts"). Numbers only: guests of a project can read artefacts. An adoption is an update,
    as in the plan's last line.
    """
    return {**_planned(plan)}


def plan_outputs(plan: Plan, plan_file: str) -> dict[str, str]:
    """What a step that plans tells later steps; ``plan_file`` is empty where none was saved."""
    pending = bool(plan.writes or plan.of(Action.UNDECIDED))
    return _outputs(pending, _planned(plan), plan_file)


def apply_outputs(report: Report | None, plan_file: str) -> dict[str, str]:
    """The same names for what apply did; ``report`` is None where it did nothing."""
    done = report or Report(())
    counts = {
        "create": done.count(Outcome.DONE, Action.CREATE),
        "update": done.count(Outcome.DONE, Action.UPDATE, Action.ADOPT),
        "delete": done.count(Outcome.DONE, Action.DELETE),
    }
    return _outputs(any(counts.values()), counts, plan_file)


def drift_outputs(drift: Drift) -> dict[str, str]:
    """``has-changes``: whether anything changed outside."""
    return {"has-changes": _word(bool(drift.items))}


def github_outputs(values: Mapping[str, str], delimiter: str) -> str:
    """Lines for the file that ``GITHUB_OUTPUT`` names ("Workflow commands", multiline strings).

    ``delimiter`` must be random, so that no value can end its own block and start another output.
    """
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def _planned(plan: Plan) -> dict[str, int]:
    counts = plan.summary()
    return {"create": counts.create, "update": counts.update + counts.adopt, "delete": counts.delete}


def _outputs(pending: bool, counts: Mapping[str, int], plan_file: str) -> dict[str, str]:
    numbers = {name: str(number) for name, number in counts.items()}
    return {"has-changes": _word(pending), **numbers, "plan-file": plan_file}


def _word(answer: bool) -> str:
    return "true" if answer else "false"
