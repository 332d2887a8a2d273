# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the guides to the playbooks run unchanged."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pexpect
import yaml

from tests.awx.conftest import CHECKOUT, base_environment, credential_type, inputs_of
from tests.awx.controller import Controller, parsed
from tests.awx.test_awx_setup import PLAYBOOK, awx_collection
from tests.awx.test_open_session import browser, wait_for
from tests.integration.examples import of_rst

if t.TYPE_CHECKING:
    from tests.awx.conftest import JobPlay
    from tests.awx.webhook import Webhook
    from tests.simulator import Simulator

__all__ = ["browser"]  # a fixture

GUIDES = CHECKOUT / "docs" / "docsite" / "rst"


def blocks(guide: str, language: str) -> list[str]:
    return [text for kind, text in of_rst(GUIDES / f"{guide}.rst") if kind == language]


def commands(*texts: str) -> list[str]:
    return [line.removeprefix("$ ") for text in texts for line in text.splitlines()]


def in_a_shell(lines: list[str], typed: list[tuple[str | None, str]], environment: dict[str, str], folder: Path) -> str:
    """The output of a terminal in which a shell runs the lines. Each text is typed after its prompt. Without a prompt,
    it is typed once the terminal hides the input."""
    script = folder / "script"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    terminal = pexpect.spawn(
        "bash", ["-eu", str(script)], env=environment, cwd=str(folder), encoding="utf-8", timeout=120
    )
    shown = ""
    for prompt, text in typed:
        if prompt is None:
            terminal.waitnoecho(30)
        else:
            terminal.expect_exact(prompt)
            shown += str(terminal.before)
        terminal.sendline(text)
    terminal.expect(pexpect.EOF)
    shown += str(terminal.before)
    terminal.close()
    assert terminal.exitstatus == 0, shown
    return shown


def test_setup_guide_ends_with_a_job(
    vault: Simulator,
    webhook: Webhook,
    run_job: JobPlay,
    answers: dict[str, str],
    collections: str,
    tmp_path: Path,
) -> None:
    _build, reach, set_up = blocks("awx_guide", "console")
    site, import_it, by_email, body, who = blocks("awx_guide", "yaml")
    (tmp_path / "site.yml").write_text(site, encoding="utf-8")
    oauth2 = vault.credentials["oauth2"]
    with Controller(playbooks=[PLAYBOOK]) as controller:
        controller.add("organizations", {"name": "Operations"})
        places = {
            "https://awx.example": controller.url,
            "https://vault.example": vault.url,
            "/etc/ssl/certs/vault-ca.pem": vault.ca_file,
            "0123456789abcdef": oauth2["client_id"],
        }
        lines = [line for line in commands(reach, set_up) if not line.startswith("ansible-galaxy ")]
        for said, there in places.items():
            lines = [line.replace(said, there) for line in lines]
        environment = base_environment(os.pathsep.join([collections, awx_collection()]), tmp_path)
        environment["ANSIBLE_DEPRECATION_WARNINGS"] = "false"
        secrets = [controller.token, oauth2["client_secret"], webhook.url]
        shown = in_a_shell(lines, [(None, secret) for secret in secrets], environment, tmp_path)
        assert not [secret for secret in secrets if secret in shown]
        session = controller.only("credentials", "senhasegura PAM Core")
        assert controller.secrets[session["id"]] == inputs_of(vault)
        template = controller.only("job_templates", "Get into a web server")
        assert template["execution_environment"] == controller.only("execution_environments", "pamops")["id"]
    decided = parsed(template["extra_vars"])
    assert decided == yaml.safe_load(site)["job_template_variables"]

    playbook = tmp_path / "session.yml"
    playbook.write_text(import_it, encoding="utf-8")
    hook = (credential_type("webhook"), {"url": webhook.url, "ca_certificate": webhook.ca_certificate})
    credentials = [(credential_type("oauth2"), inputs_of(vault)), hook]
    run_job(answers, credentials, decided).succeeded()
    assert "unfurl_links" in webhook.deliveries[0].body
    run_job(answers, credentials, {**decided, **yaml.safe_load(by_email)}, user="00123456")
    assert vault.requests[-1].json["user"] == "00123456"
    more = {**yaml.safe_load(body), **yaml.safe_load(who)}
    run_job(answers, credentials, more, user="jdoe@corp.example", playbook=playbook).succeeded()
    assert webhook.deliveries[1].body["message"].startswith("Your session on web01, until ")
    refused = run_job({**answers, "device": "db01"}, credentials, more, user="jdoe@corp.example")
    assert (
        refused.failure()
        == 'No session was requested. device is "db01", which is not in allowed_devices of this job template.'
    )


def test_terminal_guide(
    vault: Simulator,
    collections: str,
    browser: str,
    tmp_path: Path,  # noqa: F811 (the fixture)
) -> None:
    asking, exporting, printing = (commands(text) for text in blocks("terminal_guide", "console"))
    places = {
        "https://vault.example": vault.url,
        "/etc/ssl/certs/vault-ca.pem": vault.ca_file,
        "0123456789abcdef": vault.credentials["oauth2"]["client_id"],
        "credential=root": f"credential={vault.credentials['credential']}",
    }
    *exports, opening = exporting
    lines = [*exports, opening, *asking, *printing]
    for said, there in places.items():
        lines = [line.replace(said, there) for line in lines]
    environment = {**base_environment(collections, tmp_path), "BROWSER": browser}
    secret = ("Client secret (output is hidden):", vault.credentials["oauth2"]["client_secret"])
    credential = ("Credential, the user name", vault.credentials["credential"])
    shown = in_a_shell(lines, [secret, credential, secret, credential, secret], environment, tmp_path)
    assert secret[1] not in shown
    assert shown.count("The browser fetched the URL with ") == 2
    assert shown.count(" opens once, within the next ") == 1
    assert "Session open" in wait_for(tmp_path / "page")
