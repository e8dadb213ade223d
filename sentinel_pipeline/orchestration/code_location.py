"""The code location that `workspace.yaml` names, and the same one as a running server. Knows nothing of Dagster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from sentinel_pipeline.domain.errors import SettingsError

CODE_SERVER = "sentinel_pipeline.orchestration.code_server"


@dataclass(frozen=True)
class CodeLocation:
    """A module of definitions; `name` is what runs, schedules and addresses in the UI remember it by."""

    name: str
    module: str
    folder: Path

    def server_command(self, code_socket: Path) -> list[str]:
        """Arguments for `python -m` that serve it on a Unix socket."""
        where = ["--socket", str(code_socket), "--location-name", self.name]
        what = ["--module-name", self.module, "--working-directory", str(self.folder)]
        return [CODE_SERVER, "code-server", "start", *where, *what, "--log-level", "warning"]


def code_location(workspace: Path) -> CodeLocation:
    """The one `python_module` of a workspace file. Raises SettingsError when it is written otherwise."""
    try:
        (entry,) = yaml.safe_load(workspace.read_text(encoding="utf-8"))["load_from"]
        module = entry["python_module"]
        folder = workspace.parent / module.get("working_directory", ".")
        return CodeLocation(module["location_name"], module["module_name"], folder.resolve())
    except FileNotFoundError:
        raise SettingsError([f"{workspace}: does not exist; it names the definitions to load"]) from None
    except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        wanted = "load_from with one python_module that has module_name, working_directory and location_name"
        raise SettingsError([f"{workspace}: found something else; wanted: {wanted}"]) from None


def workspace_over_socket(location: CodeLocation, code_socket: Path) -> str:
    """A workspace file whose one location is already served on a Unix socket."""
    server = {"host": "localhost", "socket": str(code_socket), "location_name": location.name}
    return yaml.safe_dump({"load_from": [{"grpc_server": server}]})
