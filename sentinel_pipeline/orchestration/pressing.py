"""When a run has another process render a part of its edition: never for what the run was not asked for."""

import dagster as dg

from sentinel_pipeline.domain.period import Period
from sentinel_pipeline.orchestration.deployment import Deployment
from sentinel_pipeline.orchestration.press import FIRST, PRESS, beside, is_worth_it
from sentinel_pipeline.publishing.assembly import FILE_ASSETS
from sentinel_pipeline.publishing.narrowing import Narrowing


def prepare_press(context: dg.AssetExecutionContext, deployment: Deployment, cadence: str) -> None:
    """Has the other process load what it needs while this one reads and counts."""
    if is_coming(context, cadence, FIRST) and is_worth_it(deployment.scope.sections_of(cadence)):
        PRESS.prepare()


def begin_beside(
    context: dg.AssetExecutionContext, deployment: Deployment, period: Period, narrowing: Narrowing
) -> None:
    """Hands the other process what this run renders besides the charts."""
    if is_worth_it(deployment.scope_of(period).sections_of(period.cadence)):
        groups = [one.name for one in FILE_ASSETS if one.name in beside(period) and one.is_in(narrowing)]
        wanted = [name for name in groups if is_coming(context, period.cadence, name)]
        PRESS.begin(deployment.settings, period, wanted)


def is_coming(context: dg.AssetExecutionContext, cadence: str, name: str) -> bool:
    """Whether this run renders a group of files too."""
    run, key = context.run, dg.AssetKey([cadence, name])
    is_selected = not run.asset_selection or key in run.asset_selection
    return is_selected and (not run.step_keys_to_execute or key.to_python_identifier() in run.step_keys_to_execute)
