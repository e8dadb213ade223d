"""What `deploy/` holds is understood by the tools of those who run it, and says what this project needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import dagster as dg
import pytest
import yaml

from sentinel_pipeline.cli import cli
from sentinel_pipeline.domain.errors import SettingsError
from sentinel_pipeline.orchestration.home import prepare_home
from sentinel_pipeline.orchestration.kubernetes_launcher import kubernetes_launcher
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


@pytest.mark.parametrize("file", sorted(DEPLOY.glob("compose*.yaml")), ids=lambda path: str(path.name))
def test_a_compose_file_is_one(file: Path) -> None:
    checked(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file)


def test_the_parts_of_a_cluster_are_started_by_commands_that_there_are() -> None:
    services = yaml.safe_load((DEPLOY / "compose.cluster.yaml").read_text())["services"]
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / "cluster.yaml").read_text())
    pods = [document["spec"]["template"]["spec"] for document in documents if document["kind"] == "Deployment"]
    started = [services[name]["command"] for name in ("pages", "daemon", "worker")]
    started += [container["args"] for pod in pods for container in pod["containers"]]
    assert len(started) == 6
    for command in started:
        cli.make_context("sentinel", list(command), resilient_parsing=True).close()
        parsed = cli.get_command(click.Context(cli), command[0])
        assert parsed is not None
        parsed.make_context(command[0], [*command[1:]]).close()


def test_the_parts_of_a_cluster_have_no_disk_in_common() -> None:
    services = yaml.safe_load((DEPLOY / "compose.cluster.yaml").read_text())["services"]
    for name in ("pages", "daemon", "worker"):
        assert services[name]["read_only"]
        assert all(volume.endswith(":ro") for volume in services[name]["volumes"])


MANIFESTS = [DEPLOY / "kubernetes" / name for name in ("cluster.yaml", "sentinel.yaml")]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: str(path.name))
def test_a_kubernetes_manifest_is_valid(manifest: Path) -> None:
    checked(TOOLS / "kubernetes-validate", manifest)


def test_dagster_understands_how_runs_are_put_into_pods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = yaml.safe_load((DEPLOY / "kubernetes" / "runs.yaml").read_text())
    access = tmp_path / "kubeconfig"
    context = {"name": "here", "context": {"cluster": "here", "user": "me"}}
    cluster = {"name": "here", "cluster": {"server": "https://kubernetes.example"}}
    user = {"name": "me", "user": {"token": "none"}}
    known = {"contexts": [context], "current-context": "here", "clusters": [cluster], "users": [user]}
    access.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **known}))
    place = tmp_path / "runs.yaml"
    place.write_text(yaml.safe_dump(said | {"load_incluster_config": False, "kubeconfig_file": str(access)}))
    monkeypatch.setenv("SENTINEL_KUBERNETES_RUNS", str(place))
    with dg.DagsterInstance.from_config(str(prepare_home(tmp_path / "data"))) as instance:
        assert type(instance.run_launcher).__name__ == "K8sRunLauncher"
    place.write_text("job_image: 3\n")
    with pytest.raises(SettingsError, match=r"runs\.yaml: .*instance_config_map"):
        kubernetes_launcher(place)


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
