# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read when there is no session: the whole text, by the task and by the lookup."""

from __future__ import annotations

import json
import socket
import textwrap
import typing as t
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.integration.conftest import reach
from tests.simulator import Simulator

if t.TYPE_CHECKING:
    from tests.integration.conftest import Play, Played

LOGIN = "Logging in with OAuth 2.0 failed: "
CREATING = "Creating the remote session failed: "
OPTIONS = "Nothing was sent to PAM Core, because the options are not right: "
NOTE = " A session may exist all the same; unless its URL is opened, it ends by itself after 30 seconds."
IN_DOUBT = {"http_status": None, "session_may_exist": True}

# what fails → variables other than the usual ones, the message, what else the result has
EXPECTED: dict[str, tuple[dict[str, t.Any], str, dict[str, t.Any]]] = {
    "wrong secret": (
        {"client_secret": "not this one"},
        LOGIN
        + 'PAM Core answered "Client authentication failed" (HTTP 401). Check client_id, client_secret and tenant, '
        "whether the application and its authorization are enabled and not expired, and whether this machine's IP "
        "address is among the authorized ones.",
        {"http_status": 401},
    ),
    "no resource": (
        {"authorization": "no-web-proxy"},
        CREATING + 'PAM Core answered "You are not authorized to access this resource." (HTTP 500). In PAM Core, grant '
        "the resource Web Proxy Session with read and write permission to the authorization of this application "
        "(A2A, Authorizations).",
        {"http_status": 500},
    ),
    "read-only": (
        {"authorization": "read-only"},
        CREATING + 'PAM Core answered "Without PAM Configuration Access permission" (HTTP 400, code 1039). In PAM '
        "Core, set the PAM resource permission of the authorization of this application to read and write "
        "(A2A, Authorizations).",
        {"http_status": 400, "error_code": 1039},
    ),
    "other IP": (
        {"authorization": "other-ip"},
        CREATING + 'PAM Core answered "The origin IP is not allowed" (HTTP 500, code 1106).',
        {"http_status": 500, "error_code": 1106},
    ),
    "unknown device": (
        {"device": "nowhere"},
        CREATING + 'PAM Core answered "Device not found" (HTTP 400). Check the option device, and that the device is '
        "registered and enabled in PAM Core.",
        {"http_status": 400},
    ),
    "vault down": (
        {"url": "https://127.0.0.1:{closed_port}", "retries": 0},
        LOGIN + "no connection to 127.0.0.1 port {closed_port}: Connection refused. "
        "Check url and proxy, and whether the machine that asks can reach that address.",
        {},
    ),
    "unknown authority": (
        {"ca_path": None},
        CREATING + "the request could not be sent: the server's certificate is not accepted: unable to get local "
        "issuer certificate (option ca_path names the certificate authorities to trust).",
        {},
    ),
    "no https": (
        {"url": "http://vault.example"},
        OPTIONS + "url from the variable senhasegura_url must begin with https://, since what is asked for gives "
        "privileged access.",
        {},
    ),
    "no credentials": (
        {"client_id": "", "client_secret": ""},
        OPTIONS + "There are no credentials: set client_id and client_secret (OAuth 2.0), consumer_key, "
        "consumer_secret, token_key and token_secret (OAuth 1.0), or access_token.",
        {},
    ),
    "two sets of credentials": (
        {"access_token": "x" * 20},
        OPTIONS + "There are credentials for more than one authentication method: oauth2 with client_id from the "
        "variable senhasegura_client_id, client_secret from the variable senhasegura_client_secret; access_token with "
        "access_token from the variable senhasegura_access_token. Set auth_method to one of them.",
        {},
    ),
    "all problems at once": (
        {
            "url": "",
            "user": "",
            "credential": "",
            "client_secret": "",
            "port": 70000,
            "remote_addr": "web",
            "screen_size": "big",
            "timeout": "soon",
        },
        OPTIONS + "timeout from the variable senhasegura_timeout must be a number. url is missing or empty. "
        "user is missing or empty. remote_addr from the variable senhasegura_remote_addr must be an IPv4 or IPv6 "
        "address, and is 'web'. port from the variable senhasegura_port must be from 1 to 65535, and is 70000. "
        "screen_size from the variable senhasegura_screen_size must be WIDTHxHEIGHT in pixels, such as 1920x1080, and "
        "is 'big'. The credentials are not complete: there is client_id from the variable senhasegura_client_id, but "
        "client_secret is missing. credential is missing or empty; where the version of PAM Core can select one by "
        "itself, set auto_select_credential to true instead.",
        {},
    ),
    "no such paths": (
        {"api_prefix": "auto", "auth_method": "oauth1", "fault": "gateway_404"},
        CREATING + 'PAM Core answered "no Route matched with those values" (HTTP 404). Tried: /iso/remote/session, '
        "/api/pam/remote/session, /api/remote/session. Check that url points at PAM Core itself, and set api_prefix to "
        "the generation of paths that it has; the gateway also says this where a proxy takes away the Authorization "
        "header.",
        {"http_status": 404},
    ),
    "no session URL": (
        {"fault": "no_url"},
        CREATING + "PAM Core answered a success, but without an absolute https session URL." + NOTE,
        {"http_status": 200, "session_may_exist": True},
    ),
    "gateway gives up": (
        {"fault": "gateway_504"},
        CREATING + 'PAM Core answered "The upstream server is timing out" (HTTP 504). PAM Core did not answer its own '
        "gateway in time: ask its administrators." + NOTE,
        {"http_status": 504, "session_may_exist": True},
    ),
    "connection lost": (
        {"fault": "truncated"},
        CREATING + "the request was sent, but its answer did not arrive: the connection was closed in the middle of "
        "the answer." + NOTE,
        IN_DOUBT,
    ),
    "no answer in time": (
        {"fault": {"name": "slow", "delay": 4}, "timeout": 2},
        CREATING + "the request was sent, but its answer did not arrive: no answer within the time that the option "
        "timeout allows." + NOTE,
        IN_DOUBT,
    ),
    "a page": (
        {"fault": "html"},
        CREATING + "what answered (HTTP 200, content type text/html) does not speak as PAM Core's API does. "
        "Check that url points at PAM Core itself." + NOTE,
        {"http_status": 200, "session_may_exist": True},
    ),
}
FAULTY = [name for name, (given, _message, _more) in EXPECTED.items() if "fault" in given]


class Failures(t.NamedTuple):
    vault: Simulator
    closed_port: int
    right_away: Played
    after_faults: Played

    def result(self, name: str) -> dict[str, t.Any]:
        return (self.after_faults if name.split(" by ")[0] in FAULTY else self.right_away).result(name)


def tasks_for(names: list[str], vault: Simulator, closed_port: int) -> str:
    """For each failure a task and a task with the lookup, which go on after it."""
    tasks = ""
    for name in names:
        given = dict(EXPECTED[name][0])
        given.pop("fault", None)
        device = given.pop("device", "web01")
        if "authorization" in given:
            given.update(vault.credentials["authorizations"][given.pop("authorization")]["oauth2"])
        if given.get("auth_method") == "oauth1":
            given.update(vault.credentials["oauth1"])
        if "url" in given:
            given["url"] = given["url"].format(closed_port=closed_port)
        variables = {f"senhasegura_{option}": value for option, value in given.items()}
        tasks += textwrap.dedent(
            f"""
            - name: {name}
              vars: {json.dumps(variables)}
              ignore_errors: true
              block:
                - name: {name} by the task
                  pamops.senhasegura.pam_remote_session:
                    device: {device}
                - name: {name} by the lookup
                  ansible.builtin.debug:
                    msg: "{{{{ lookup('pamops.senhasegura.pam_remote_session', '{device}') }}}}"
            """
        )
    return tasks


@pytest.fixture(scope="module")
def failures(play: Play) -> Iterator[Failures]:
    with socket.socket() as unused, Simulator(profile="4.0", strict=True) as vault:
        unused.bind(("127.0.0.1", 0))  # and nobody listens
        closed_port = unused.getsockname()[1]
        others = [name for name in EXPECTED if name not in FAULTY]
        right_away = play(tasks_for(others, vault, closed_port), variables=reach(vault))
        vault.clear_requests()
        for name in FAULTY:
            vault.fault("*/session", EXPECTED[name][0]["fault"], times=6 if name == "no such paths" else 2)
        after_faults = play(tasks_for(FAULTY, vault, closed_port), variables=reach(vault))
        yield Failures(vault, closed_port, right_away, after_faults)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_failing_task_says_why(name: str, failures: Failures) -> None:
    message = EXPECTED[name][1].format(closed_port=failures.closed_port)
    result = failures.result(f"{name} by the task")
    for key in [key for key in result if key.startswith("_") or key == "exception"]:
        del result[key]
    nothing_else = {"changed": False, "http_status": None, "error_code": None, "session_may_exist": False}
    assert {"failed": True, **result} == {"failed": True, "msg": message, **nothing_else, **EXPECTED[name][2]}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_failing_lookup_says_why(name: str, failures: Failures) -> None:
    assert EXPECTED[name][1].format(closed_port=failures.closed_port) in failures.result(f"{name} by the lookup")["msg"]


@pytest.mark.parametrize("name", EXPECTED)
def test_people_see_why(name: str, failures: Failures) -> None:
    played = failures.after_faults if name in FAULTY else failures.right_away
    message = EXPECTED[name][1].format(closed_port=failures.closed_port)
    assert message in played.output.replace('\\"', '"')


def test_nothing_is_sent_twice_that_may_have_been_handled(failures: Failures) -> None:
    """Each fault met one request of the task and one of the lookup, but for the three paths."""
    struck = Counter(request.fault for request in failures.vault.requests if request.json)
    names = ("no_url", "gateway_504", "truncated", "slow", "html")
    assert struck == {"gateway_404": 6, **dict.fromkeys(names, 2)}
