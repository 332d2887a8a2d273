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
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.client import connect
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.endpoint import Endpoint
from ansible_collections.pamops.senhasegura.plugins.module_utils._api.redaction import HIDDEN, without_secrets
from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import OUTCOME_UNKNOWN, NotSent, OutcomeUnknown
from ansible_collections.pamops.senhasegura.plugins.module_utils._options.spec import Option, configurable, problems
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


OPTIONS: dict[str, t.Any] = {"url": URL, "api_prefix": "auto", "timeout": 10.0, "retries": 0, **BEARER}


def test_check_mode_refuses_a_request_that_may_change_something(api: Api) -> None:
    """Even if a resource forgets to ask whether it is check mode. *api* expects no request."""
    with pytest.raises(NotSent, match="Writing the toy failed: check mode must not change anything[.]"):
        connect(OPTIONS, check_mode=True).call(toy.WRITE, {"name": "bear"})


def test_get_with_an_effect_is_as_safe_as_a_post(api: Api) -> None:
    taking = toy.READ._replace(has_effect=True)
    api.expect(READ._replace(**NO_PROOF), READ._replace(**LOST["an error"]))
    for _number in range(2):
        with pytest.raises(Exception) as error:
            connect(OPTIONS).call(taking, argument="bear")
    assert isinstance(error.value, OutcomeUnknown)
    assert str(error.value).endswith(OUTCOME_UNKNOWN)


def test_missing_record_is_not_a_missing_path(api: Api) -> None:
    """The path is remembered, and the message is that of the record."""
    api.expect(READ, READ._replace(status=404, body=full(404, "1002: Toy not found", 1002)), READ)
    client = connect(OPTIONS)
    client.call(toy.READ, argument="bear")
    with pytest.raises(Exception, match='PAM Core responded with "Toy not found" .HTTP 404, code 1002.'):
        client.call(toy.READ, argument="bear")
    assert client.call(toy.READ, argument="bear").data["toy"] == {"secret": SECRET}


@pytest.mark.parametrize("argument", ["..", ".", ""])
def test_argument_cannot_leave_its_endpoint(api: Api, argument: str) -> None:
    with pytest.raises(NotSent, match="is not an identifier[.]"):
        connect({**OPTIONS, "api_prefix": "iso"}).call(toy.READ, argument=argument)


def test_endpoint_without_a_path_for_the_version(api: Api) -> None:
    newer = Endpoint("Reading the toy", "GET", {"api": ("/api/toy",)})
    with pytest.raises(NotSent) as error:
        connect({**OPTIONS, "api_prefix": "iso"}).call(newer)
    assert str(error.value) == (
        "Reading the toy failed: PAM Core has no such function under api_prefix iso. Set api_prefix to auto."
    )


def test_secret_that_contains_another_is_redacted_as_a_whole() -> None:
    assert without_secrets(["the-secret-is-long"], ["the-secret", "the-secret-is-long"]) == [HIDDEN]


def test_elements_of_a_list_are_checked() -> None:
    option = Option("list", elements="int", check=lambda value: "must be 1." if value != 1 else None)
    assert problems({"numbers": [1, 2], "others": [1]}, {"numbers": option, "others": option}) == ["numbers must be 1."]
    assert problems({"any": {}}, {"any": Option("raw", check=lambda _value: "is wrong.")}) == ["any is wrong."]


def test_option_that_selects_records_is_not_configurable() -> None:
    with pytest.raises(ValueError, match="Only the task may set"):
        configurable({"user": Option(selects=True)})
