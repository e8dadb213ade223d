"""Launches each run in a pod of its own: `dagster-k8s`'s launcher, configured by a file beside the manifests.

Kubernetes tells how a pod is, and cancels one properly: nothing of it needs mending.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster_k8s import K8sRunLauncher

from sentinel_pipeline.domain.errors import SettingsError

if TYPE_CHECKING:
    from dagster._core.launcher import RunLauncher
    from dagster._serdes import ConfigurableClassData


def kubernetes_launcher(place: Path, inst_data: ConfigurableClassData | None = None) -> RunLauncher:
    """The launcher that a file describes. Raises SettingsError with a line for each mistake."""
    stock: Any = K8sRunLauncher  # it has no types
    try:
        said = yaml.safe_load(place.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError([f"{place}: cannot be read: {' '.join(str(error).split())}"]) from None
    understood = process_config(resolve_to_config_type(stock.config_type()), said)
    if not understood.success or understood.value is None:
        raise SettingsError([f"{place}: {' '.join(error.message.split())}" for error in understood.errors or []])
    made: RunLauncher = stock.from_config_value(inst_data, understood.value)
    return made
