# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The defaults for a resource that sets no optional field."""

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


def test_check_mode_sends_only_a_probe(api: Api) -> None:
    api.expect(Call("/", method="HEAD", status=404, body=b""))
    result, _task = run(check=True)
    assert (result["changed"], result["secret"]) == (True, None)


def test_post_is_not_repeated_on_another_path_if_it_may_have_been_handled(api: Api) -> None:
    api.expect(WRITE._replace(**NO_PROOF))
    result, _task = run()
    assert (result["failed"], result["http_status"]) == (True, 404)

    api.expect(WRITE._replace(status=404, body=NO_RESOURCE), WRITE._replace(path="/api/pam/toy"))
    api.expect(READ._replace(path="/api/pam/toy/bear"))
    assert run()[0]["secret"] == SECRET


def test_get_tries_the_next_path_after_any_404(api: Api) -> None:
    api.expect(WRITE, READ._replace(**NO_PROOF), READ._replace(path="/api/pam/toy/bear"))
    assert run()[0]["secret"] == SECRET


LOST: dict[str, dict[str, t.Any]] = {
    "a gateway that gave up": {"status": 504, "body": {"message": "The upstream server is timing out"}},
    "an error": {"status": 500, "body": minimal(500, "Broken")},
    "a success that is not JSON": {"body": b"<html>"},
}


@pytest.mark.parametrize("response", LOST.values(), ids=LOST)
def test_lost_response_to_a_post_has_an_unknown_outcome(api: Api, response: dict[str, t.Any]) -> None:
    api.expect(WRITE._replace(**response))
    result, _task = run()
    assert result["failed"] is True
    assert result["msg"].startswith("Writing the toy failed: ")
    assert result["msg"].endswith(OUTCOME_UNKNOWN)


@pytest.mark.parametrize("response", LOST.values(), ids=LOST)
def test_lost_response_to_a_get_has_no_unknown_outcome(api: Api, response: dict[str, t.Any]) -> None:
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
    assert 'PAM Core responded with "Refused to store ***" (HTTP 400).' in result["msg"]
    assert result["msg"].endswith(OUTCOME_UNKNOWN)


def test_message_with_too_many_secrets_is_hidden(api: Api) -> None:
    issued = [f"{SECRET}-{number}" for number in range(refusals.MAX_ISSUED + 1)]
    api.expect(WRITE._replace(status=400, body=full(400, f"Refused to store {issued[0]}", 1, toy=issued)))
    result, _task = run()
    assert "PAM Core's error text is too long to show (HTTP 400)." in result["msg"]


def test_output_of_an_interrupted_module_is_hidden(tmp_path: t.Any) -> None:
    python = tmp_path / "python"
    python.write_text(f"""#!/bin/sh\necho '{{"secret": "{SECRET}'\nexit 137\n""")
    python.chmod(0o755)
    variables = {"ansible_delegated_vars": {"bastion": {"ansible_python_interpreter": str(python)}}}
    result, _task = run(variables=variables, transport="ssh", delegate_to="bastion")
    assert SECRET not in json.dumps(result, default=str)
    assert result["msg"].endswith(OUTCOME_UNKNOWN)


def test_arguments_are_not_changed(api: Api) -> None:
    """This resource has no ``marks``, so no argument is taken for a hidden result."""
    api.expect(WRITE, READ)
    _result, task = run()
    assert task.args["name"] == "bear"
