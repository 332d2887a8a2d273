# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""request_session.yml as a job: from the survey to the webhook, and which traces remain."""

from __future__ import annotations

import re
import time
import typing as t
from pathlib import Path

import pytest
import requests

from tests.awx.conftest import credential_type, inputs_of, secrets_of
from tests.awx.webhook import basic
from tests.messages import (
    CHECK_CREDENTIAL,
    CHECK_DEVICE,
    CREATING,
    MUST_BE_PORT,
    MUST_BE_SCREEN_SIZE,
    NO_CREDENTIAL,
    NOT_REQUESTED,
    NOTHING_SENT,
    SET_PROTOCOL,
    STATUS_400,
    TWO_CREDENTIALS,
    responded,
)

if t.TYPE_CHECKING:
    from tests.awx.conftest import Job, JobPlay
    from tests.awx.webhook import Webhook
    from tests.simulator import Simulator

CREATED = "/remote/session"


def session_credential(
    vault: Simulator, method: str = "oauth2", **more: str
) -> tuple[dict[str, t.Any], dict[str, str]]:
    return credential_type(method), {**inputs_of(vault, method), **more}


def webhook_credential(webhook: Webhook, **more: str) -> tuple[dict[str, t.Any], dict[str, str]]:
    return credential_type("webhook"), {"url": webhook.url, "ca_certificate": webhook.ca_certificate, **more}


def created(vault: Simulator) -> int:
    """How many sessions PAM Core issued."""
    return sum(request.path.endswith(CREATED) and request.status == 200 for request in vault.requests)


@pytest.fixture
def credentials(vault: Simulator, webhook: Webhook) -> list[t.Any]:
    return [session_credential(vault), webhook_credential(webhook)]


def assert_nothing_shows(job: Job, vault: Simulator, webhook: Webhook) -> None:
    """Check that no secret shows in the output of ansible-runner. Only its file "command" contains the environment of
    the job. AWX hides the secrets of that file when it reads it, and removes the file. Even this file has no
    session."""
    credentials = [vault.credentials["oauth2"]["client_secret"], webhook.PATH]
    credentials += [vault.credentials["oauth1"][name] for name in ("consumer_secret", "token_key", "token_secret")]
    secrets = [*secrets_of(vault), webhook.PATH]
    for name, text in {**job.written(), "events": str(job.events), "output": job.output}.items():
        looked_for = set(secrets) - set(credentials) if Path(name).name == "command" else secrets
        found = [secret for secret in looked_for if secret in text]
        assert not found, name
    for secret in secrets:
        assert secret not in str(job.injected.shown)
    # The data that a workflow passes on, and facts
    assert not any(event.get("event_data", {}).get("artifact_data") for event in job.events)
    facts = [text for name, text in job.written().items() if "fact_cache" in name]
    assert [text for text in facts if text not in ("{}", '{"__payload__": "{}"}')] == []


@pytest.mark.parametrize("method", ["oauth2", "oauth1"])
def test_webhook_gets_a_working_url(
    method: str, vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str]
) -> None:
    job = run_job(
        {**answers, "screen_size": "1280x800", "device_port": "", "remote_addr": ""},
        [session_credential(vault, method), webhook_credential(webhook)],
    ).succeeded()
    (delivery,) = webhook.deliveries
    url = delivery.body["session_url"]
    assert {name: value for name, value in delivery.body.items() if name not in ("text", "expires_at")} == {
        "session_url": url,
        "user": "jdoe",
        "device": "web01",
        "protocol": "SSH",
        "requested_by": "jdoe",
        "requested_by_email": "jdoe@corp.example",
        "job_id": "7",
    }
    expires_at = delivery.body["expires_at"]
    assert delivery.body["text"] == f"jdoe, your SSH session on web01 can be opened once, until {expires_at}. {url}"
    (asked,) = [request.json for request in vault.requests if request.path.endswith(CREATED)]
    assert asked == {
        "user": "jdoe",
        "device": "web01",
        "credential": answers["credential"],
        "protocol": "SSH",
        "screensize": "1280x800",
    }
    told = re.fullmatch(
        r"The webhook accepted the URL of jdoe's session on web01 with (\d+) of its 30 seconds left\.",
        job.message("Print how much time was left"),
    )
    assert told and 0 < int(told[1]) <= 30
    assert_nothing_shows(job, vault, webhook)

    first, second = (requests.get(url, verify=vault.ca_file, timeout=10) for _time in range(2))
    assert (first.status_code, second.status_code) == (200, 403)
    assert "Session open" in first.text


# Credential types for the vendor's own collection, and what they may inject
EARLIER = {
    "environment": {
        "env": {
            "SENHASEGURA_URL": "{{ senhasegura_url }}",
            "SENHASEGURA_CLIENT_ID": "{{ senhasegura_client_id }}",
            "SENHASEGURA_CLIENT_SECRET": "{{ senhasegura_client_secret }}",
        }
    },
    "variables": {
        "extra_vars": {
            "senhasegura_url": "{{ senhasegura_url }}",
            "senhasegura_client_id": "{{ senhasegura_client_id }}",
            "senhasegura_client_secret": "{{ senhasegura_client_secret }}",
        }
    },
    "variables named like options": {
        "extra_vars": {
            "system_url": "{{ senhasegura_url }}",
            "client_id": "{{ senhasegura_client_id }}",
            "client_secret": "{{ senhasegura_client_secret }}",
        }
    },
}


@pytest.mark.parametrize("injectors", EARLIER.values(), ids=EARLIER)
def test_credential_types_of_the_vendor_collection_work(
    injectors: dict[str, t.Any], vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str]
) -> None:
    names = ("senhasegura_url", "senhasegura_client_id", "senhasegura_client_secret")
    earlier = {
        "name": "senhasegura A2A",
        "kind": "cloud",
        "inputs": {"fields": [{"id": name, "type": "string", "label": name, "secret": True} for name in names]},
        "injectors": injectors,
    }
    keys = vault.credentials["oauth2"]
    filled = dict(zip(names, (vault.url, keys["client_id"], keys["client_secret"]), strict=True))
    job = run_job(
        answers,
        [(earlier, filled), webhook_credential(webhook)],
        variables={"senhasegura_ca_path": vault.ca_file},
    ).succeeded()
    assert len(webhook.deliveries) == 1
    secrets = secrets_of(vault)
    assert [secret for secret in secrets if secret in job.output + str(job.events)] == []


FORMATS: dict[str, t.Any] = {
    "slack": {
        "text": "jdoe, your SSH session on web01 can be opened once, until {expires_at}. {url}",
        "unfurl_links": False,
        "unfurl_media": False,
    },
    "teams": {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "body": [
                        {
                            "type": "TextBlock",
                            "wrap": True,
                            "text": "jdoe, your SSH session on web01 can be opened once, until {expires_at}.",
                        }
                    ],
                    "actions": [{"type": "Action.OpenUrl", "title": "Open the session", "url": "{url}"}],
                },
            }
        ],
    },
    "servicenow": {
        "short_description": "Session on web01 for jdoe",
        "work_notes": "jdoe, your SSH session on web01 can be opened once, until {expires_at}. {url}",
    },
}


def filled(template: t.Any, **values: str) -> t.Any:
    if isinstance(template, dict):
        return {name: filled(value, **values) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, **values) for value in template]
    return template.format(**values) if isinstance(template, str) else template


def url_in(body: t.Any) -> str:
    found = re.search(r"https://127\.0\.0\.1:\d+/modulos/auth\?_sr=[^'\"\s]+", str(body))
    assert found, body
    return found[0]


@pytest.mark.parametrize("name", FORMATS)
def test_message_has_the_chosen_format(
    name: str,
    vault: Simulator,
    webhook: Webhook,
    run_job: JobPlay,
    answers: dict[str, str],
    credentials: list[t.Any],
) -> None:
    """ServiceNow also requires a user name and a password."""
    webhook.answers = [{"slack": 200, "teams": 202, "servicenow": 201}[name]]
    if name == "servicenow":
        credentials = [credentials[0], webhook_credential(webhook, username="bot", password="password-of-the-bot")]
    job = run_job(answers, credentials, variables={"webhook_format": name}).succeeded()
    (delivery,) = webhook.deliveries
    expected = basic("bot", "password-of-the-bot") if name == "servicenow" else None
    assert delivery.headers.get("Authorization") == expected
    assert "password-of-the-bot" not in job.output + str(job.events) + str(job.injected.shown)
    (until,) = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(delivery.body))
    assert delivery.body == filled(FORMATS[name], expires_at=until, url=url_in(delivery.body))
    assert_nothing_shows(job, vault, webhook)


def test_custom_message_and_authentication(
    vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str]
) -> None:
    """Variables of the job template may be templates. Answers of the survey never are."""
    own = {
        "to": "{{ session_for }}",
        "what": "{{ device }} {{ session.expires_at }}",
        "link": "{{ session.session_url }}",
    }
    bearer = webhook_credential(webhook, token="token-of-the-webhook")
    job = run_job(
        {**answers, "remote_device": "{{ lookup('ansible.builtin.env', 'SENHASEGURA_CLIENT_SECRET') }}"},
        [session_credential(vault), bearer],
        variables={"webhook_body": own, "webhook_method": "PUT"},
    ).succeeded()
    (delivery,) = webhook.deliveries
    assert (delivery.method, delivery.path) == ("PUT", webhook.PATH)
    assert delivery.headers["Authorization"] == "Bearer token-of-the-webhook"
    assert re.fullmatch(r"web01 \S+Z", delivery.body.pop("what"))
    assert delivery.body == {"to": "jdoe", "link": url_in(delivery.body)}
    (asked,) = [request.json for request in vault.requests if request.path.endswith(CREATED)]
    assert asked["remotedevice"] == "{{ lookup('ansible.builtin.env', 'SENHASEGURA_CLIENT_SECRET') }}"
    assert_nothing_shows(job, vault, webhook)
    assert "token-of-the-webhook" not in job.output + str(job.events) + str(job.injected.shown)


def test_job_output_has_the_url_only_if_configured(
    vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str]
) -> None:
    job = run_job(answers, [session_credential(vault)], variables={"hand_over": "job_output"}).succeeded()
    url, about, risk = job.message("Print the URL")
    assert re.fullmatch(
        r"This URL opens jdoe's session on web01\. It works once, for the first person who opens it, within the next "
        r"\d+ seconds\.",
        about,
    )
    assert risk == (
        "The job printed the URL because hand_over is job_output. Everyone who can see this job can use the URL until "
        "it expires. AWX stores it in its database and sends it to its log destinations."
    )
    assert webhook.deliveries == []
    assert requests.get(url, verify=vault.ca_file, timeout=10).status_code == 200


# Problems of answers and variables → the message

INTEGER = "must be an integer without a sign or leading zeros, but is"
CONTROL = "contains control characters or newlines."
ADVICE = (
    "In a variables file, put strings in quotes. In AWX, ansible-core 2.19 and later parses values as YAML. Then 0123, "
    "1_2, 12:30, yes and 2026-01-31 are not strings, and the original text is lost. Give a value that YAML reads as a "
    "string, such as a host name for a device, or use an execution environment with ansible-core 2.18 or earlier."
)
ADVICE_ON_LAUNCHER = (
    "awx_user_name is the launcher's login name in AWX. If no variable of the job template uses it, set "
    "uses_launcher_name to false in the job template's variables."
)
NO_BODY = "webhook_body must be a dictionary that can be sent as JSON, and must not refer to undefined variables."
NOT_IN, OF_JOB = "which is not in allowed_", " of this job template."
WRONG: dict[str, tuple[dict[str, t.Any], dict[str, t.Any], str]] = {
    "all empty": (
        {"device": "", "credential": "", "protocol": "", "device_port": "", "screen_size": ""},
        {},
        f"{NOTHING_SENT}device is missing or empty. protocol is missing or empty. {NO_CREDENTIAL}",
    ),
    "malformed": (
        {
            "device": " ",
            "protocol": "  ",
            "screen_size": "big",
            "remote_addr": "10.0.0",
        },
        {},
        f"{NOTHING_SENT}device is missing or empty. protocol is missing or empty. remote_addr must be an IPv4 or IPv6 "
        f"address, but is '10.0.0'. screen_size {MUST_BE_SCREEN_SIZE}'big'.",
    ),
    "not numbers, not booleans": (
        {"device_port": "22x", "remote_app": "0-1", "auto_select_credential": "perhaps"},
        {"allow_other_user": "maybe"},
        f'{NOT_REQUESTED}device_port {INTEGER} "22x". remote_app {INTEGER} "0-1". auto_select_credential must be true '
        'or false, but is "perhaps". allow_other_user must be true or false, but is "maybe".',
    ),
    "control characters and line ends": (
        {
            "device": "db01\n.lab",
            "credential": "svc-admin\x7f",
            "protocol": "S\tSH",
            "remote_device": "db\x851.lab",
            "remote_addr": "10.0.0.1\r",
            "screen_size": "1\u2028x1",
            "user": "j\x1b[2Jdoe",
        },
        {"allowed_devices": ["*.lab"], "webhook_token": "to\nken"},
        f"{NOT_REQUESTED}webhook_token {CONTROL} device {CONTROL} user {CONTROL} credential {CONTROL} protocol "
        f"{CONTROL} screen_size {CONTROL} remote_device {CONTROL} remote_addr {CONTROL}",
    ),
    "out of range": (
        {"device_port": "70000", "remote_app": "0", "auto_select_credential": "yes"},
        {},
        f"{NOTHING_SENT}port {MUST_BE_PORT}70000. remote_app must be from 1 to 2147483647, but is 0. {TWO_CREDENTIALS}",
    ),
    "lists": (
        {"device": ["web01"], "protocol": ["SSH"]},
        {},
        f"{NOT_REQUESTED}device is not a string but a list or a dictionary. protocol is not a string but a list or a "
        f"dictionary. {ADVICE}",
    ),
    "variables of the job template that are not text": (
        {},
        {
            "session_user": 42798,
            "allowed_devices": ["web*", 12, ["db*", None]],
            "allowed_protocols": None,
            "allowed_credentials": {"svc-*": True},
            "hand_over": True,
            "webhook_format": 1.5,
            "webhook_token": 4711,
            "senhasegura_client_id": 815,
        },
        f"{NOT_REQUESTED}session_user is not a string but the integer 42798. hand_over is not a string but the boolean "
        "true. webhook_format is not a string but the number 1.5. webhook_token is not a string but of type integer. "
        "an element of allowed_devices is not a string but the integer 12. an element of allowed_devices is not a "
        "string but null. allowed_protocols is not a string but null. an element of allowed_credentials is not a "
        f"string but a list or a dictionary. senhasegura_client_id is not a string but of type integer. {ADVICE}",
    ),
    "in another's name, and a job template with mistakes": (
        {"user": "asmith"},
        {
            "hand_over": "mail",
            "webhook_url": "http://127.0.0.1/secret-part-of-the-webhook",
            "webhook_format": "irc",
            "webhook_body": "text",
        },
        f'{NOT_REQUESTED}user is "asmith", but this job template requests sessions only for its launcher, "jdoe". '
        "Leave user empty, or set allow_other_user to true in the job template's variables. "
        'hand_over must be webhook or job_output, but is "mail". '
        "The webhook URL must begin with https://, to protect the session URL, and must not contain spaces. "
        f'webhook_format must be one of generic, servicenow, slack, teams, but is "irc". {NO_BODY}',
    ),
    "not allowed": (
        {"device": "db01", "protocol": "telnet", "credential": "root", "remote_device": "dc01"},
        {"allowed_devices": ["web*", "host00*"], "allowed_protocols": ["SSH"], "allowed_credentials": ["svc-*"]},
        f'{NOT_REQUESTED}device is "db01", {NOT_IN}devices{OF_JOB} remote_device is "dc01", {NOT_IN}devices{OF_JOB} '
        f'protocol is "telnet", {NOT_IN}protocols{OF_JOB} credential is "root", {NOT_IN}credentials{OF_JOB}',
    ),
    "nothing is allowed": (
        {},
        {"allowed_devices": [], "allowed_protocols": [], "allowed_credentials": ""},
        f'{NOT_REQUESTED}device is "web01", {NOT_IN}devices{OF_JOB} protocol is "SSH", {NOT_IN}protocols{OF_JOB} '
        f'credential is "svc-admin", {NOT_IN}credentials{OF_JOB}',
    ),
    "more than what is allowed": (
        {"device": "web01 anything", "remote_device": "w.b01", "credential": "SVC-ADMIN"},
        {"allowed_devices": ["web01", "w.+", "(web01"], "allowed_credentials": "svc-admin"},
        f'{NOT_REQUESTED}device is "web01 anything", {NOT_IN}devices{OF_JOB} remote_device is "w.b01", '
        f'{NOT_IN}devices{OF_JOB} credential is "SVC-ADMIN", {NOT_IN}credentials{OF_JOB}',
    ),
    "a credential that is not known": (
        {"credential": "", "auto_select_credential": "true"},
        {"allowed_credentials": ["svc-admin"]},
        f"{NOT_REQUESTED}auto_select_credential cannot be used with allowed_credentials, because PAM Core could "
        "select any credential.",
    ),
}


@pytest.mark.parametrize(("wrong", "variables", "message"), WRONG.values(), ids=WRONG)
def test_problems_are_reported_before_any_request(
    wrong: dict[str, t.Any],
    variables: dict[str, t.Any],
    message: str,
    vault: Simulator,
    run_job: JobPlay,
    answers: dict[str, str],
    credentials: list[t.Any],
) -> None:
    job = run_job({**answers, **wrong}, credentials, variables=variables)
    assert job.failure() == message
    assert vault.requests == []


UNKNOWN = {
    "user": (
        "nobody",
        f"{responded('User not found', 400)} {STATUS_400}",
    ),
    "device": (
        "nowhere",
        f"{responded('Device not found', 400)} {CHECK_DEVICE}",
    ),
    "credential": (
        "nobody",
        f"{responded('Credential not found', 400)} {CHECK_CREDENTIAL}",
    ),
    "protocol": (
        "SMOKE",
        f"{responded('Invalid protocol', 400)} {SET_PROTOCOL}",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_names_in_pam_core_are_reported(
    name: str,
    vault: Simulator,
    webhook: Webhook,
    run_job: JobPlay,
    answers: dict[str, str],
    credentials: list[t.Any],
) -> None:
    value, message = UNKNOWN[name]
    job = run_job({**answers, name: value}, credentials, variables={"allow_other_user": True})
    assert job.failure() == CREATING + message
    assert (created(vault), webhook.deliveries) == (0, [])


def test_missing_webhook_and_user_send_nothing(vault: Simulator, run_job: JobPlay, answers: dict[str, str]) -> None:
    job = run_job(answers, [session_credential(vault)], user=None)
    assert job.failure() == (
        f"{NOT_REQUESTED}The user of the session is not set. Set session_user to a login name in PAM Core. By default, "
        "it is the launcher (awx_user_name), but no person launched this job. No webhook is set for the session URL. "
        'Add a credential of the type "senhasegura session webhook" to the job template, or set '
        "SENHASEGURA_WEBHOOK_URL. You can also set hand_over to job_output. Then the job prints the session URL, and "
        "everyone who can see the job can use it."
    )
    assert vault.requests == []


def test_broken_custom_message_fails_before_any_request(
    vault: Simulator, run_job: JobPlay, answers: dict[str, str], credentials: list[t.Any]
) -> None:
    own = {"link": "{{ session.session_url }}", "to": "{{ no_such_variable }}"}
    job = run_job(answers, credentials, variables={"webhook_body": own})
    # The latter is the message of ansible-core 2.19 and later.
    assert job.failure() == NOT_REQUESTED + NO_BODY or "'no_such_variable' is undefined" in job.failure()
    assert vault.requests == []


def test_site_decides_who_gets_the_session(
    vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str], credentials: list[t.Any]
) -> None:
    """User names differ between AWX and PAM Core, and a help desk may request sessions for others."""
    site = {
        "session_user": "{{ awx_user_name | regex_replace('@.*', '') }}",
        "allow_other_user": True,
        "allowed_devices": ["db*", "WEB*"],
        "allowed_protocols": "ssh",
        "allowed_credentials": ["svc-*"],
    }
    run_job(answers, credentials, site, user="jdoe@corp.example").succeeded()
    run_job({**answers, "user": "asmith"}, credentials, site, user="jdoe@corp.example").succeeded()
    assert [(delivery.body["user"], delivery.body["requested_by"]) for delivery in webhook.deliveries] == [
        ("jdoe", "jdoe@corp.example"),
        ("asmith", "jdoe@corp.example"),
    ]
    assert [request.json["user"] for request in vault.requests if request.path.endswith(CREATED)] == ["jdoe", "asmith"]


def test_check_mode_requests_and_sends_nothing(
    vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str], credentials: list[t.Any]
) -> None:
    run_job(answers, credentials, arguments=["--check"]).succeeded()
    assert (created(vault), webhook.deliveries) == (0, [])
    assert [request.status for request in vault.requests if request.path.endswith("/oauth2/token")] == [200]


def test_own_playbook_can_import_it(
    vault: Simulator,
    webhook: Webhook,
    run_job: JobPlay,
    answers: dict[str, str],
    credentials: list[t.Any],
    tmp_path: Path,
) -> None:
    playbook = tmp_path / "session.yml"
    playbook.write_text("- import_playbook: pamops.senhasegura.request_session\n", encoding="utf-8")
    run_job(answers, credentials, playbook=playbook).succeeded()
    assert len(webhook.deliveries) == 1


# The webhook does not accept the message

NOT_TAKEN = "The webhook did not accept the URL: "
ENDS = " The session URL for web01 expires, unless the webhook received it and someone opens it."


def test_lost_message_is_sent_again(
    vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str], credentials: list[t.Any]
) -> None:
    webhook.answers = [503, None, 429, 204]
    job = run_job(answers, credentials, verbosity=4).succeeded()
    assert len(webhook.deliveries) == 4
    assert created(vault) == 1
    assert_nothing_shows(job, vault, webhook)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (404, "it responded with HTTP status 404."),
        (302, "it responded with HTTP status 302."),
    ],
)
def test_rejected_message_is_not_sent_again(
    answer: int,
    said: str,
    vault: Simulator,
    webhook: Webhook,
    run_job: JobPlay,
    answers: dict[str, str],
    credentials: list[t.Any],
) -> None:
    """And redirects are not followed."""
    webhook.answers = [answer]
    job = run_job(answers, credentials)
    assert job.failure() == NOT_TAKEN + said + ENDS
    assert [delivery.path for delivery in webhook.deliveries] == [webhook.PATH]
    assert created(vault) == 1
    assert_nothing_shows(job, vault, webhook)


SILENT: dict[str, tuple[dict[str, str], float, str]] = {
    "not trusted": (
        {"ca_certificate": ""},
        0,
        "its certificate cannot be verified with the known CA certificates.",
    ),
    "nobody there": ({"url": "https://127.0.0.1:1/secret-part-of-the-webhook"}, 0, "it refuses connections."),
    "no such host": ({"url": "https://webhook.invalid/x"}, 0, "its host name cannot be resolved."),
    "no address": ({"url": "https://127.0.0.1:port/x"}, 0, "the connection failed or the webhook's URL is invalid."),
    "slow": ({}, 5, "it took too long."),
}


@pytest.mark.parametrize(("inputs", "delay", "reason"), SILENT.values(), ids=SILENT)
def test_reason_for_a_missing_response(
    inputs: dict[str, str],
    delay: float,
    reason: str,
    vault: Simulator,
    webhook: Webhook,
    run_job: JobPlay,
    answers: dict[str, str],
) -> None:
    """So few seconds are left that the message is sent only once."""
    webhook.delay = delay
    job = run_job(
        answers,
        [session_credential(vault), webhook_credential(webhook, **inputs)],
        variables={"seconds_left": 4},
    )
    assert job.failure() == f"{NOT_TAKEN}there was no response; {reason}{ENDS}"
    assert created(vault) == 1
    assert_nothing_shows(job, vault, webhook)


def test_message_is_retried_until_the_url_expires(
    vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str], credentials: list[t.Any]
) -> None:
    webhook.answers = [500]
    start = time.monotonic()
    job = run_job(answers, credentials)
    assert job.failure() == f"{NOT_TAKEN}it responded with HTTP status 500.{ENDS}"
    assert len(webhook.deliveries) > 3
    assert 15 < time.monotonic() - start < 45
    assert created(vault) == 1


@pytest.mark.parametrize("left", [2, -2])
def test_expiring_url_is_not_handed_over(
    left: int, vault: Simulator, webhook: Webhook, run_job: JobPlay, answers: dict[str, str], credentials: list[t.Any]
) -> None:
    job = run_job(answers, credentials, variables={"seconds_left": left})
    assert job.failure() == (
        f"PAM Core responded so late that only {max(left, 0)} of the URL's 30 seconds are left. The URL was not handed "
        "over, and expires. Launch the job again."
    )
    assert webhook.deliveries == []
