"""What `deploy/` holds is understood by the tools of those who run it, and says what this project needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sentinel_pipeline.settings import PROJECT

DEPLOY = PROJECT / "deploy"
TOOLS = Path(sys.executable).parent


def checked(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_follows_good_practice() -> None:
    if not (TOOLS / "hadolint").exists():
        pytest.skip("hadolint is not made for this machine")
    checked(TOOLS / "hadolint", DEPLOY / "Dockerfile")


def test_everything_the_image_copies_is_let_through_and_there() -> None:
    let_through = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    assert copied == let_through
    assert all((PROJECT / name).exists() for name in copied)


def test_the_image_runs_as_a_user_who_is_not_root() -> None:
    users = re.findall(r"^USER (\d+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert users
    assert int(users[-1]) > 0


def test_the_compose_file_is_one() -> None:
    checked(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


@pytest.mark.parametrize("manifest", sorted((DEPLOY / "kubernetes").glob("*.yaml")), ids=lambda path: str(path.name))
def test_a_kubernetes_manifest_is_valid(manifest: Path) -> None:
    checked(TOOLS / "kubernetes-validate", manifest)
    for document in yaml.safe_load_all(manifest.read_text()):
        assert document["kind"] in ("StatefulSet", "Service")


@pytest.mark.parametrize("unit", sorted((DEPLOY / "systemd").glob("*.service")), ids=lambda path: str(path.name))
def test_a_systemd_unit_is_valid(unit: Path, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not there; Debian's package systemd has it")
    # It looks whether what is started is there.
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/opt/sentinel/.venv", str(TOOLS.parent)))
    checked(tool, "verify", "--man=no", here)


def test_all_of_them_start_the_control_room_alike() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["sentinel"]["command"]
    (workload, _) = yaml.safe_load_all((DEPLOY / "kubernetes" / "sentinel.yaml").read_text())
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    assert compose[:4] == container["args"][:4] == ["up", "--host", "0.0.0.0", "--public-url"]
