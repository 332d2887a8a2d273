# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for a resource that gives no optional field."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.playbook.task import Task
from ansible.plugins.loader import action_loader

from ansible_collections.pamops.senhasegura.plugins.module_utils._api import refusals
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import OUTCOME_UNKNOWN
from tests.unit.plugins import toy
from tests.unit.plugins.support import BEARER, NAME, NO_RESOURCE, URL, Api, Call, full, minimal, run_action

SECRET = "the-secret-of-the-toy"
GIVEN = {"url": URL, **BEARER, "name": "bear"}
WRITE = Call("/iso/toy", body=minimal(200, "", False), json={"name": "bear"})
READ = Call("/iso/toy/bear", method="GET", body=full(200, "", 0, False, toy={"secret": SECRET}))
NO_PROOF: dict[str, t.Any] = {"status": 404, "body": b"<html>Not found</html>"}


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action_loader.get(NAME, class_only=True), "OPERATION", toy.OPERATION)


def run(**keywords: t.Any) -> tuple[dict[str, t.Any], Task]:
    return run_action(NAME, {**GIVEN, "retries": 2}, **keywords)


def test_result_is_hidden(api: Api) -> None:
    api.expect(WRITE, READ)
    result, task = run()
    assert (result["secret"], result["_ansible_no_log"], task.no_log) == (SECRET, True, True)


def test_check_mode_sends_neither_request(api: Api) -> None:
    api.expect(Call("/", method="HEAD", status=404, body=b""))
    result, _task = run(check=True)
    assert (result["changed"], result["secret"]) == (True, None)


def test_post_goes_to_a_second_path_only_if_nothing_can_have_handled_it(api: Api) -> None:
    api.expect(WRITE._replace(**NO_PROOF))
    result, _task = run()
    assert (result["failed"], result["http_status"]) == (True, 404)

    api.expect(WRITE._replace(status=404, body=NO_RESOURCE), WRITE._replace(path="/api/pam/toy"))
    api.expect(READ._replace(path="/api/pam/toy/bear"))
    assert run()[0]["secret"] == SECRET


def test_get_goes_to_a_second_path_after_any_404(api: Api) -> None:
    api.expect(WRITE, READ._replace(**NO_PROOF), READ._replace(path="/api/pam/toy/bear"))
    assert run()[0]["secret"] == SECRET


LOST: dict[str, dict[str, t.Any]] = {
    "a gateway that gave up": {"status": 504, "body": {"message": "The upstream server is timing out"}},
    "an error": {"status": 500, "body": minimal(500, "Broken")},
    "a success that is not JSON": {"body": b"<html>"},
}


@pytest.mark.parametrize("response", LOST.values(), ids=LOST)
def test_lost_response_to_a_post_says_that_the_outcome_is_unknown(api: Api, response: dict[str, t.Any]) -> None:
    api.expect(WRITE._replace(**response))
    result, _task = run()
    assert result["failed"] is True
    assert result["msg"].startswith("Writing the toy failed: ")
    assert result["msg"].endswith(OUTCOME_UNKNOWN)


@pytest.mark.parametrize("response", LOST.values(), ids=LOST)
def test_lost_response_to_a_get_says_no_such_thing(api: Api, response: dict[str, t.Any]) -> None:
    api.expect(WRITE, READ._replace(**response))
    result, _task = run()
    assert result["failed"] is True
    assert OUTCOME_UNKNOWN not in result["msg"]


@pytest.mark.parametrize(
    "issued",
    [
        {"toy": {"secret": SECRET}},
        {"toy": [{"keys": [1, None, SECRET]}]},
        {"note": SECRET},
    ],
)
def test_secret_in_an_error_response_is_redacted_and_leaves_the_outcome_unknown(
    api: Api, issued: dict[str, t.Any]
) -> None:
    api.expect(WRITE._replace(status=400, body=full(400, f"Refused to store {SECRET}", 1, **issued)))
    result, _task = run()
    assert SECRET not in json.dumps(result, default=str)
    assert 'PAM Core answered "Refused to store ***" (HTTP 400).' in result["msg"]
    assert result["msg"].endswith(OUTCOME_UNKNOWN)


def test_too_many_secrets_leave_nothing_of_the_message(api: Api) -> None:
    issued = [f"{SECRET}-{number}" for number in range(refusals.MAX_ISSUED + 1)]
    api.expect(WRITE._replace(status=400, body=full(400, f"Refused to store {issued[0]}", 1, toy=issued)))
    result, _task = run()
    assert "PAM Core's reason is too long to be shown (HTTP 400)." in result["msg"]


def test_output_of_a_module_without_an_outcome_is_hidden(tmp_path: t.Any) -> None:
    python = tmp_path / "python"
    python.write_text(f"""#!/bin/sh\necho '{{"secret": "{SECRET}'\nexit 137\n""")
    python.chmod(0o755)
    variables = {"ansible_delegated_vars": {"bastion": {"ansible_python_interpreter": str(python)}}}
    result, _task = run(variables=variables, transport="ssh", delegate_to="bastion")
    assert SECRET not in json.dumps(result, default=str)
    assert result["msg"].endswith(OUTCOME_UNKNOWN)


def test_arguments_are_as_they_are_given(api: Api) -> None:
    """No mark says what a hidden result of this resource looks like."""
    api.expect(WRITE, READ)
    _result, task = run()
    assert task.args["name"] == "bear"
