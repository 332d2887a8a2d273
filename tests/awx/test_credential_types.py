# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential types: which ones AWX accepts, and what AWX's own code injects for them."""

from __future__ import annotations

import copy
import stat
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.awx.conftest import TYPES, credential_type, inject, inputs_of
from tests.awx.controller import Refused, check_credential_type
from tests.simulator import Simulator

if t.TYPE_CHECKING:
    from tests.awx.conftest import JobPlay
    from tests.awx.webhook import Webhook

NAMES = ("oauth1", "oauth2", "webhook")


def test_all_credential_types_are_tested() -> None:
    assert sorted(path.stem for path in TYPES.iterdir()) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_awx_accepts_the_type(name: str) -> None:
    loaded = credential_type(name)
    assert set(loaded) == {"name", "description", "kind", "inputs", "injectors"}
    check_credential_type(loaded)


def broken(change: Callable[[dict[str, t.Any]], t.Any]) -> dict[str, t.Any]:
    loaded = copy.deepcopy(credential_type("oauth2"))
    change(loaded)
    return loaded


@pytest.mark.parametrize(
    "change",
    [
        lambda kind: kind["inputs"]["fields"][0].update(hint="x"),
        lambda kind: kind["inputs"]["fields"][0].pop("label"),
        lambda kind: kind["inputs"]["fields"].append(kind["inputs"]["fields"][0]),
        lambda kind: kind["injectors"]["env"].update(SENHASEGURA_URL="{{ address }}"),
        lambda kind: kind["injectors"]["env"].update(SENHASEGURA_CA_PATH="{{ tower.filename.other }}"),
        lambda kind: kind["injectors"]["env"].update(ANSIBLE_CONFIG="{{ url }}"),
        lambda kind: kind["injectors"]["file"].update(template="{{ url }}"),
        lambda kind: kind["injectors"]["file"].update(ca="{{ url }}"),
        lambda kind: kind.update(kind="vault"),
    ],
)
def test_awx_rejects_a_broken_type(change: Callable[[dict[str, t.Any]], t.Any]) -> None:
    with pytest.raises(Refused):
        check_credential_type(broken(change))


@pytest.mark.parametrize(
    ("name", "secret", "multiline"),
    [
        ("oauth2", {"client_secret", "client_key"}, {"ca_certificate", "client_certificate", "client_key"}),
        (
            "oauth1",
            {"consumer_secret", "token_key", "token_secret", "client_key"},
            {"ca_certificate", "client_certificate", "client_key"},
        ),
        ("webhook", {"url", "token", "password"}, {"ca_certificate"}),
    ],
)
def test_secret_and_multiline_fields(name: str, secret: set[str], multiline: set[str]) -> None:
    fields = credential_type(name)["inputs"]["fields"]
    assert {field["id"] for field in fields if field.get("secret")} == secret
    assert {field["id"] for field in fields if field.get("multiline")} == multiline


def test_inputs_arrive_and_secrets_are_hidden(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    filled = {
        "url": "https://vault.example",
        "client_id": "the-id",
        "client_secret": "the-secret",
        "tenant": "acme",
        "ca_certificate": "-----BEGIN CA-----",
        "client_certificate": "-----BEGIN CERTIFICATE-----",
        "client_key": "-----BEGIN KEY-----",
    }
    injected = inject([(credential_type("oauth2"), filled)], tmp_path, Path("/runner"))
    assert injected.arguments == []
    values = injected.environment
    for variable, name in (
        ("CA_PATH", "ca_certificate"),
        ("CLIENT_CERT", "client_certificate"),
        ("CLIENT_KEY", "client_key"),
    ):
        seen = Path(values.pop(f"SENHASEGURA_{variable}"))
        assert seen.parent == Path("/runner/env")
        file = tmp_path / "env" / seen.name
        assert file.read_text(encoding="utf-8").strip() == filled[name]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert values == {
        "SENHASEGURA_URL": "https://vault.example",
        "SENHASEGURA_CLIENT_ID": "the-id",
        "SENHASEGURA_CLIENT_SECRET": "the-secret",
        "SENHASEGURA_TENANT": "acme",
    }
    assert injected.shown["SENHASEGURA_CLIENT_SECRET"] == "**********"
    assert "the-secret" not in str(injected.shown) and "BEGIN KEY" not in str(injected.shown)


@pytest.mark.parametrize("name", NAMES)
def test_omitted_inputs_are_ignored(name: str, tmp_path: Path) -> None:
    """An empty variable is ignored. An empty file would be an invalid certificate."""
    (tmp_path / "env").mkdir()
    loaded = credential_type(name)
    required = loaded["inputs"]["required"]
    injected = inject([(loaded, dict.fromkeys(required, "given"))], tmp_path, Path("/runner"))
    given = {variable for variable, value in injected.environment.items() if value}
    prefix = "SENHASEGURA_WEBHOOK_" if name == "webhook" else "SENHASEGURA_"
    assert given == {f"{prefix}{field}".upper() for field in required}
    assert set(injected.environment) == set(loaded["injectors"]["env"])


def test_client_certificate_is_used(webhook: Webhook, run_job: JobPlay, answers: dict[str, str]) -> None:
    with Simulator(client_ca=True) as vault:
        assert vault.client_cert and vault.client_key
        filled = {
            **inputs_of(vault),
            "client_certificate": Path(vault.client_cert).read_text(encoding="utf-8").strip(),
            "client_key": Path(vault.client_key).read_text(encoding="utf-8").strip(),
        }
        hook = {"url": webhook.url, "ca_certificate": webhook.ca_certificate}
        run_job(answers, [(credential_type("oauth2"), filled), (credential_type("webhook"), hook)]).succeeded()
    assert len(webhook.deliveries) == 1
