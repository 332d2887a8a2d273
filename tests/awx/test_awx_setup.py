# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup.yml with the modules of awx.awx, and jobs with what it created."""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from awx_plugins.credentials.plugins import controller as controller_type

from tests.awx.conftest import CHECKOUT, PROGRAMS, base_environment, credential_type, inject, inputs_of, needed
from tests.awx.controller import Controller, parsed

if t.TYPE_CHECKING:
    from tests.awx.conftest import JobPlay
    from tests.awx.webhook import Webhook
    from tests.simulator import Simulator

PLAYBOOK = "playbooks/request_session.yml"


@pytest.fixture
def controller() -> Iterator[Controller]:
    with Controller(playbooks=[PLAYBOOK, "site.yml"]) as running:
        yield running


class Played(t.NamedTuple):
    code: int
    output: str

    @property
    def changed(self) -> int:
        found = re.search(r"changed=(\d+)", self.output)
        assert found, self.output
        return int(found[1])


SetUp = Callable[..., Played]


@pytest.fixture
def set_up(controller: Controller, vault: Simulator, webhook: Webhook, collections: str, tmp_path: Path) -> SetUp:
    """Play awx_setup.yml as in a job of AWX itself. A credential gives that job access to AWX."""
    awx = awx_collection()
    (tmp_path / "env").mkdir()
    (tmp_path / "tmp").mkdir()
    kind = {name: getattr(controller_type, name) for name in ("name", "kind", "inputs", "injectors")}
    filled = {"host": controller.url, "oauth_token": controller.token, "request_timeout": "60"}
    reached = inject([(kind, filled)], tmp_path, tmp_path).environment

    def run(*arguments: str, variables: Mapping[str, t.Any] | None = None, **environment: str) -> Played:
        process = subprocess.run(
            [
                str(PROGRAMS / "ansible-playbook"),
                "pamops.senhasegura.awx_setup",
                "-e",
                json.dumps(dict(variables or {})),
                *arguments,
            ],
            check=False,
            cwd=tmp_path,
            env={
                **base_environment(os.pathsep.join([collections, awx]), tmp_path),
                "ANSIBLE_LOCAL_TEMP": str(tmp_path / "tmp"),
                "ANSIBLE_DEPRECATION_WARNINGS": "false",  # awx.awx 24.6 has such warnings
                **reached,
                "SENHASEGURA_URL": vault.url,
                "SENHASEGURA_CA_PATH": vault.ca_file,
                "SENHASEGURA_CLIENT_ID": vault.credentials["oauth2"]["client_id"],
                "SENHASEGURA_CLIENT_SECRET": vault.credentials["oauth2"]["client_secret"],
                "SENHASEGURA_WEBHOOK_URL": webhook.url,
                "SENHASEGURA_WEBHOOK_CA_PATH": webhook.ca_file,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=170,
        )
        return Played(process.returncode, process.stdout + process.stderr)

    return run


def awx_collection() -> str:
    """The folder of collections that contains awx.awx."""
    return needed("awx.awx", os.environ.get("SENHASEGURA_TEST_AWX_AWX") or _found_collection())


def _found_collection() -> str | None:
    """A folder where ansible-core looks for collections."""
    run = subprocess.run(
        [str(PROGRAMS / "ansible-galaxy"), "collection", "list", "awx.awx", "--format", "json"],
        check=False,
        capture_output=True,
        text=True,
    )
    found = list(json.loads(run.stdout)) if run.returncode == 0 else []
    return str(Path(found[0]).parent) if found else None


def test_setup_creates_and_repairs_a_working_job_template(
    controller: Controller,
    set_up: SetUp,
    vault: Simulator,
    webhook: Webhook,
    run_job: JobPlay,
    answers: dict[str, str],
) -> None:
    first = set_up("-vvv")
    assert first.code == 0, first.output
    secrets = [vault.credentials["oauth2"]["client_secret"], webhook.PATH, controller.token]
    assert [secret for secret in secrets if secret in first.output] == []

    for name in ("oauth2", "oauth1", "webhook"):
        made, given = controller.only("credential_types", credential_type(name)["name"]), credential_type(name)
        assert {key: made[key] for key in given} == given
    session = controller.only("credentials", "senhasegura PAM Core")
    assert controller.secrets[session["id"]] == inputs_of(vault)
    assert session["inputs"]["client_secret"] == "$encrypted$"
    hook = controller.only("credentials", "senhasegura session webhook")
    assert controller.secrets[hook["id"]] == {"url": webhook.url, "ca_certificate": webhook.ca_certificate}
    project = controller.only("projects", "pamops.senhasegura")
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    assert (project["scm_type"], project["scm_url"], project["scm_branch"]) == (
        "git",
        "https://github.com/pamops/ansible-collection-senhasegura",
        version,
    )
    template = controller.only("job_templates", "Request a session")
    assert template["project"] == project["id"]
    assert template["playbook"] == PLAYBOOK
    assert template["inventory"] == controller.only("inventories", "senhasegura")["id"]
    assert controller.only("hosts", "localhost")["inventory"] == template["inventory"]
    assert controller.associations[template["id"], "credentials"] == [session["id"], hook["id"]]
    assert template["allow_simultaneous"] is True
    asked = {name: value for name, value in template.items() if name.startswith("ask_")}
    assert len(asked) == 16 and not any(asked.values())
    survey = controller.surveys[template["id"]]
    assert [(question["variable"], question["required"]) for question in survey["spec"]] == [
        ("device", True),
        ("credential", True),
        ("protocol", True),
        ("device_port", False),
        ("screen_size", False),
        ("remote_device", False),
        ("remote_addr", False),
    ]

    # With another secret, which AWX cannot compare
    controller.changes.clear()
    second = set_up(SENHASEGURA_CLIENT_SECRET="another")
    assert (second.code, second.changed, controller.changes) == (0, 0, []), second.output
    assert controller.secrets[session["id"]] == inputs_of(vault)

    filled = {question["variable"]: question["default"] for question in survey["spec"]} | answers
    credentials = [
        (controller.items["credential_types"][item["credential_type"]], controller.secrets[item["id"]])
        for item in (session, hook)
    ]
    run_job(filled, credentials, parsed(template["extra_vars"]), playbook=template["playbook"]).succeeded()
    assert len(webhook.deliveries) == 1

    # Changes that somebody made by hand
    template["ask_variables_on_launch"] = True
    controller.associations[template["id"], "credentials"].pop()
    controller.only("credential_types", "senhasegura session webhook")["injectors"] = {}
    controller.changes.clear()
    checked = set_up("--check")
    assert (checked.code, checked.changed, controller.changes) == (0, 2, []), checked.output
    repaired = set_up("-e", "update_secrets=true", SENHASEGURA_CLIENT_SECRET="another")
    assert (repaired.code, repaired.changed) == (0, 4), repaired.output
    assert template["ask_variables_on_launch"] is False
    assert len(controller.associations[template["id"], "credentials"]) == 2
    assert controller.only("credential_types", "senhasegura session webhook")["injectors"]["env"]
    assert controller.secrets[session["id"]]["client_secret"] == "another"


SITE = """
session_credential: PAM Core of the north
project: access
project_url: https://git.example/access.git
project_branch: stable
playbook: site.yml
job_template: Get into a server
job_template_variables:
  allow_other_user: true
  auto_select_credential: true
  hand_over: job_output
  session_user: !unsafe "{{ awx_user_name | lower }}"
instance_groups: [behind the firewall]
execution_environment: pamops
execution_environment_image: registry.example/pamops:1
protocols: [RDP, SSH]
"""


def test_setup_respects_the_site_settings(
    controller: Controller, set_up: SetUp, vault: Simulator, tmp_path: Path
) -> None:
    """Behind the gateway of Automation Platform."""
    controller.add("instance_groups", {"name": "behind the firewall"})
    oauth1 = vault.credentials["oauth1"]
    site = tmp_path / "site.yml"
    site.write_text(SITE, encoding="utf-8")
    played = set_up(
        "-e",
        f"@{site}",
        variables={f"senhasegura_{name}": value for name, value in oauth1.items()},
        SENHASEGURA_CLIENT_ID="",
        SENHASEGURA_CLIENT_SECRET="",
        SENHASEGURA_WEBHOOK_URL="",
        CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX="/api/controller/",
    )
    assert played.code == 0, played.output
    session = controller.only("credentials", "PAM Core of the north")
    assert session["credential_type"] == controller.only("credential_types", "senhasegura PAM Core (OAuth 1.0)")["id"]
    assert controller.secrets[session["id"]] == inputs_of(vault, "oauth1")
    template = controller.only("job_templates", "Get into a server")
    assert template["playbook"] == "site.yml"
    assert template["execution_environment"] == controller.only("execution_environments", "pamops")["id"]
    assert controller.only("execution_environments", "pamops")["image"] == "registry.example/pamops:1"
    assert controller.associations[template["id"], "credentials"] == [session["id"]]
    groups = controller.associations[template["id"], "instance_groups"]
    assert groups == [controller.only("instance_groups", "behind the firewall")["id"]]
    questions = controller.surveys[template["id"]]["spec"]
    assert [question["variable"] for question in questions[:3]] == ["device", "protocol", "user"]
    assert (questions[1]["choices"], questions[1]["default"]) == (["RDP", "SSH"], "RDP")
    assert parsed(template["extra_vars"]) == {
        "allow_other_user": True,
        "auto_select_credential": True,
        "hand_over": "job_output",
        "session_user": "{{ awx_user_name | lower }}",
    }


def test_wrong_token_is_reported(set_up: SetUp) -> None:
    played = set_up(CONTROLLER_OAUTH_TOKEN="wrong")
    assert played.code != 0
    assert "Invalid authentication credentials for /api/v2/credential_types/ (HTTP 401)." in played.output


def test_debug_mode_shows_the_credentials(set_up: SetUp, vault: Simulator, webhook: Webhook, tmp_path: Path) -> None:
    """Core writes them to the output and to files. The security guide says so."""
    there = str(tmp_path / "modules")
    played = set_up(ANSIBLE_DEBUG="true", ANSIBLE_KEEP_REMOTE_FILES="true", ANSIBLE_REMOTE_TMP=there)
    assert played.code == 0, played.output
    files = "".join(path.read_text("utf-8", "ignore") for path in (tmp_path / "modules").rglob("*") if path.is_file())
    for secret in (vault.credentials["oauth2"]["client_secret"], webhook.PATH):
        assert secret in played.output
        assert secret in files
