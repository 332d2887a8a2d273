# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PAM Core gets the answers that were typed in a survey, or no request.

ansible-core 2.19 and later reads ``!unsafe 'text'``, which AWX writes, by YAML's rules for plain scalars. One run of
request_session.yml handles many surveys: each survey is the variables of a host."""

from __future__ import annotations

import json
import re
import subprocess
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.release import __version__ as core
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.awx.conftest import CHECKOUT, PROGRAMS, awx_extra_vars, base_environment
from tests.awx.test_request_session import ADVICE, ADVICE_ON_LAUNCHER, session_credential
from tests.messages import NOT_REQUESTED

if t.TYPE_CHECKING:
    from tests.awx.conftest import JobPlay
    from tests.simulator import Simulator

READS_YAML = tuple(map(int, core.split(".")[:2])) >= (2, 19)
"""Whether this ansible-core reads answers by YAML's rules."""

Survey = Mapping[str, str]

FIELDS = {
    "user": "user",
    "device": "device",
    "credential": "credential",
    "protocol": "protocol",
    "remote_device": "remotedevice",
}
"""Answers that may be any string, and their names in PAM Core."""

NOT_TEXT = {
    "octal": ["0123", "00", "-0123", "0_"],
    "hexadecimal": ["0x1F", "-0xff"],
    "binary": ["0b11"],
    "with colons": ["12:30", "1:30.5", "190:20:30", "1:2:3:4:5:6:7:8"],
    "with underscores": ["1_2", "1_000.5"],
    "integer": ["0", "-1", "+1", "42"],
    "float": ["1.0", ".5", "1.0e+3", ".inf", "-.INF", ".nan", "0.0", "1."],
    "boolean": ["yes", "No", "ON", "off", "true", "False"],
    "date": ["2026-01-31", "2026-01-31 12:00:30", "2026-01-31T12:00:30Z"],
}
"""Values that are not strings by YAML's rules in ansible-core 2.19 and later."""

TEXT = [
    "y",
    "N",
    "t",
    "1e3",
    "0o17",
    "08",
    "0x",
    "12:60",
    "1,5",
    "10.0.0.1",
    "0001:2:3:4:5:6:7:8",
    " 0123",
    "0123 ",
    "-",
    ".",
    "nil",
    "'0123'",
]
"""Strings that look similar."""

NULL = ["~", "null", "Null", "NULL"]
NOT_YAML = ["=", "<<", "2026-02-31", "0x_"]
"""Answers that ansible-core 2.19 and later cannot parse. The job fails before its first task."""


def meant(text: str) -> str:
    """The value of an answer. A typed null cannot be told from an empty answer."""
    return "" if READS_YAML and text in NULL else text


class Asked(t.NamedTuple):
    by_survey: dict[int, dict[str, t.Any]]
    """The payload of the request to PAM Core, by the number of the survey."""
    messages: dict[int, str]


def ask(
    surveys: Sequence[Survey],
    vault: Simulator,
    collections: str,
    folder: Path,
    launcher: str = "jdoe",
    site: Mapping[str, t.Any] | None = None,
) -> Asked:
    """Answer surveys in one run. The number of the survey is sent as remote_app, which is not among the answers.

    *site* has the job template's own variables, and *launcher* launched it."""
    (play,) = yaml.safe_load((CHECKOUT / "playbooks" / "request_session.yml").read_text(encoding="utf-8"))
    play["hosts"] = "all"
    variables = {"hand_over": "job_output", "allow_other_user": True, **(site or {})}
    asked_for = [*play["vars"]["answers"], "auto_select_credential", "device_port", "remote_app"]
    for name in [*asked_for, *variables]:
        del play["vars"][name]  # variables of the play would override those of a host
    names = [task["name"] for task in play["tasks"]]
    play["tasks"] = play["tasks"][: names.index("Request the session") + 1]
    play["tasks"][0]["ansible.builtin.import_tasks"] = str(CHECKOUT / "playbooks" / "tasks" / "check_variables.yml")
    (folder / "host_vars").mkdir(parents=True)
    empty = dict.fromkeys(asked_for, "")
    for number, survey in enumerate(surveys, 1):
        written = awx_extra_vars({**empty, "remote_app": str(number), **survey}, variables, launcher)
        (folder / "host_vars" / f"h{number}.yml").write_text(written, encoding="utf-8")
    (folder / "hosts").write_text("\n".join(f"h{number}" for number in range(1, len(surveys) + 1)), encoding="utf-8")
    (folder / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    oauth2 = vault.credentials["oauth2"]
    run = subprocess.run(
        [str(PROGRAMS / "ansible-playbook"), "-i", str(folder / "hosts"), str(folder / "play.yml"), "--forks=4"],
        check=False,
        cwd=folder,
        env={
            **base_environment(collections, folder),
            "SENHASEGURA_URL": vault.url,
            "SENHASEGURA_CA_PATH": vault.ca_file,
            **{f"SENHASEGURA_{name.upper()}": value for name, value in oauth2.items()},
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode in (0, 2) and "PLAY RECAP" in run.stdout, run.stdout + run.stderr
    messages = {
        int(number): json.loads(result)["msg"].removeprefix("Task failed: Action failed: ")
        for number, result in re.findall(r"^fatal: \[h(\d+)\]: FAILED! => (\{.*\})$", run.stdout, re.MULTILINE)
    }
    requests = [request.json for request in vault.requests if request.path.endswith("/remote/session")]
    numbers = [int(request.pop("remoteapp")) for request in requests]
    assert len(set(numbers)) == len(numbers)
    return Asked(dict(zip(numbers, requests)), messages)


def expected(survey: Survey, launcher: str = "jdoe") -> dict[str, str]:
    """The expected payload, if there is a request."""
    wanted = {FIELDS[name]: meant(survey.get(name, "")) for name in FIELDS}
    return {name: text for name, text in {**wanted, "user": wanted["user"] or launcher}.items() if text}


GOOD = {"device": "web01", "credential": "svc-admin", "protocol": "SSH"}


def test_answer_is_a_string_or_is_rejected_by_name(vault: Simulator, collections: str, tmp_path: Path) -> None:
    not_text = [form for forms in NOT_TEXT.values() for form in forms]
    surveys = [dict.fromkeys(FIELDS, form) for form in [*not_text, *TEXT, *NULL]]
    asked = ask(surveys, vault, collections, tmp_path)
    for number, survey in enumerate(surveys, 1):
        form = survey["device"]
        if READS_YAML and form in not_text:
            found = re.findall(
                r"(\w+) is not a string but the (?:boolean|integer|number|date|time) \S+\. ", asked.messages[number]
            )
            assert sorted(found) == sorted(FIELDS), form
            assert asked.messages[number].startswith(NOT_REQUESTED) and asked.messages[number].endswith(ADVICE)
            assert number not in asked.by_survey
        elif not meant(form):
            assert "device is missing or empty. protocol is missing or empty. credential is " in asked.messages[number]
            assert number not in asked.by_survey
        else:
            assert asked.by_survey[number] == expected(survey)


@pytest.mark.parametrize("launcher", ["00123456", "12:30", "yes", "2026-01-31", "null"])
def test_name_of_the_launcher_is_a_string_or_is_rejected(
    launcher: str, vault: Simulator, collections: str, tmp_path: Path
) -> None:
    asked = ask([GOOD], vault, collections, tmp_path, launcher)
    if READS_YAML:
        assert asked.by_survey == {}
        assert asked.messages[1].startswith(f"{NOT_REQUESTED}awx_user_name is not a string but ")
        assert asked.messages[1].endswith(ADVICE_ON_LAUNCHER)
    else:
        assert asked.by_survey == {1: expected(GOOD, launcher)}


def test_addresses_sizes_and_numbers_are_unchanged(vault: Simulator, collections: str, tmp_path: Path) -> None:
    """A port is an integer, so an octal number cannot be told from a decimal one. The integer that arrived is used."""
    forms = [forms[0] for forms in NOT_TEXT.values()]
    forms += ["1:2:3:4:5:6:7:8", "0001:2:3:4:5:6:7:8", "10.0.0.1", "+1", "-1", "42", "08", " 42", "42 ", "true"]
    names = ("remote_addr", "screen_size", "device_port")
    surveys = [{**GOOD, name: form} for name in names for form in forms]
    asked = ask(surveys, vault, collections, tmp_path)
    integers = {"42": 42}
    if READS_YAML:
        integers |= {"0123": 83, "0x1F": 31, "0b11": 3, "12:30": 750, "1_2": 12, "+1": 1}
    addresses = ["10.0.0.1"] if READS_YAML else ["10.0.0.1", "1:2:3:4:5:6:7:8"]
    for number, survey in enumerate(surveys, 1):
        if survey.get("device_port") in integers:
            assert asked.by_survey[number]["port"] == integers[survey["device_port"]]
        elif survey.get("remote_addr") in [*addresses, "0001:2:3:4:5:6:7:8"]:
            assert asked.by_survey[number]["remoteAddr"] == survey["remote_addr"]
        else:
            assert number not in asked.by_survey, survey


@pytest.mark.parametrize("answer", NOT_YAML)
def test_unreadable_answer_sends_nothing(
    answer: str, vault: Simulator, run_job: JobPlay, answers: dict[str, str]
) -> None:
    job = run_job({**answers, "remote_device": answer}, [session_credential(vault)], {"hand_over": "job_output"})
    if READS_YAML:
        assert job.status == "failed"
        assert vault.requests == []
    else:
        (asked,) = [request.json for request in vault.requests if request.path.endswith("/remote/session")]
        assert asked["remotedevice"] == answer


ALLOWED = {"allowed_devices": ["web*"], "allowed_protocols": ["SSH"], "allowed_credentials": ["svc-*"]}


def test_no_answer_bypasses_the_lists(vault: Simulator, collections: str, tmp_path: Path) -> None:
    names = ("credential", "device", "remote_device", "protocol")
    surveys = [{**GOOD, name: form} for name in names for form in ("0", "0.0", "false", "off", "00", "0x0", "-0")]
    asked = ask(surveys, vault, collections, tmp_path, site=ALLOWED)
    for number, survey in enumerate(surveys, 1):
        (name,) = [name for name in names if survey.get(name) != GOOD.get(name)]
        assert f" {name} is " in asked.messages[number]
    assert vault.requests == []


def test_words_for_true_select_a_credential_unless_a_list_restricts_it(
    vault: Simulator, collections: str, tmp_path: Path
) -> None:
    words = {
        **dict.fromkeys(["y", "T", "1", "On", "YES", "true"], "auto_select_credential cannot be used with "),
        **dict.fromkeys(["2", "1.0", "perhaps", "[1]", "2026-01-31"], "auto_select_credential must be true or false, "),
        **dict.fromkeys(["n", "F", "0", "Off", "NO", "false", "~"], ""),
    }
    if not READS_YAML:
        words["~"] = "auto_select_credential must be true or false, "
    surveys = [{**GOOD, "auto_select_credential": word} for word in words]
    asked = ask(surveys, vault, collections, tmp_path, site=ALLOWED)
    for number, message in enumerate(words.values(), 1):
        if message:
            assert asked.messages[number].startswith(NOT_REQUESTED + message)
            assert number not in asked.by_survey
        else:
            assert asked.by_survey[number] == expected(GOOD)


def test_launcher_name_that_looks_like_a_number(vault: Simulator, run_job: JobPlay, answers: dict[str, str]) -> None:
    """The name comes from the e-mail address or from the job template. The job template states this."""
    credential = [session_credential(vault)]
    for session_user in ("{{ awx_user_email | regex_replace('@corp[.]example$', '') }}", "00123456"):
        vault.clear_requests()
        site = {"hand_over": "job_output", "session_user": session_user, "uses_launcher_name": False}
        run_job(answers, credential, site, user="00123456")
        (asked,) = [request.json for request in vault.requests if request.path.endswith("/remote/session")]
        assert asked["user"] == "00123456"


@pytest.mark.parametrize("word", ["", "true", "perhaps"])
def test_uses_launcher_name_must_be_false(word: str, vault: Simulator, collections: str, tmp_path: Path) -> None:
    site = {"session_user": "asmith", "uses_launcher_name": word}
    asked = ask([GOOD], vault, collections, tmp_path, "00123456", site)
    if READS_YAML or word == "perhaps":
        assert asked.by_survey == {}
        name = "awx_user_name" if READS_YAML else "uses_launcher_name"
        assert asked.messages[1].startswith(f"{NOT_REQUESTED}{name} ")
    else:
        assert asked.by_survey == {1: expected(GOOD, "asmith")}


MADE_OF_THE_NAME = {
    "{{ awx_user_name | regex_replace('@corp[.]example$', '') }}": "00123456",
    "{{ awx_user_name | regex_replace('^(..)', '\\1-') }}": "00-123456",
    "{{ {'00123456': 'asmith', '42798': 'mallory'}[awx_user_name | string] }}": "asmith",
    "{{ 'u' ~ (tower_user_name | string)[-4:] }}": "u3456",
}
"""A site's expressions, and the users that they return for the login name 00123456."""


@pytest.mark.parametrize("session_user", MADE_OF_THE_NAME)
def test_expression_of_the_site_cannot_convert_the_launcher_name(
    session_user: str, vault: Simulator, run_job: JobPlay, answers: dict[str, str]
) -> None:
    site = {"hand_over": "job_output", "session_user": session_user}
    job = run_job(answers, [session_credential(vault)], site, user="00123456")
    if READS_YAML:
        assert job.failure().startswith(
            f"{NOT_REQUESTED}awx_user_name is not a string but the integer 42798. tower_user_name is not a string but "
            "the integer 42798. "
        )
        assert job.failure().endswith(f" {ADVICE} {ADVICE_ON_LAUNCHER}")
        assert vault.requests == []
    else:
        (asked,) = [request.json for request in vault.requests if request.path.endswith("/remote/session")]
        assert asked["user"] == MADE_OF_THE_NAME[session_user]


def test_extra_variables_match_those_of_awx() -> None:
    """The examples of its ``safe_dump``."""
    written = awx_extra_vars(
        {"a": "b", "port": "0123", "c": "d", "list": ["x", 1]}, {"a": "b", "session": "{{ x }}"}, "j"
    )
    assert written == (
        "a: b\n"
        "session: '{{ x }}'\n"
        "!unsafe 'port': !unsafe '0123'\n"
        "!unsafe 'c': !unsafe 'd'\n"
        "!unsafe 'list':\n- !unsafe 'x'\n- 1\n"
        "!unsafe 'awx_job_id': 7\n"
        "!unsafe 'tower_job_id': 7\n"
        "!unsafe 'awx_user_name': !unsafe 'j'\n"
        "!unsafe 'tower_user_name': !unsafe 'j'\n"
        "!unsafe 'awx_user_email': !unsafe 'j@corp.example'\n"
        "!unsafe 'tower_user_email': !unsafe 'j@corp.example'\n"
    )


# Any input

WORDS = [*(form for forms in NOT_TEXT.values() for form in forms), *TEXT, *NULL, "", "True", "None", "[1]", "['web01']"]
WORDS += [
    "{}",
    "{1, 1}",
    "{'a': 1}",
    "{{ 1 + 1 }}",
    "{% raw %}",
    "!!int 1",
    "#",
    "a: b",
    "- a",
    "&a",
    "*",
    "\\n",
    "ä",
    "日",
]
typed = st.one_of(
    st.sampled_from(WORDS),
    st.text("0123456789_:.-+eExXobTZ ", max_size=10),
    st.text("[]{}(),'\"1TrueFalsNo ", max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.just("web01"),
)
surveys_typed = st.fixed_dictionaries({name: typed for name in FIELDS})


def arrived(survey: Survey) -> dict[str, t.Any]:
    """The answers as ansible-core reads them."""
    loaded: dict[str, t.Any] = DataLoader().load(awx_extra_vars(survey, {}, None), file_name="/survey.yml")
    return loaded


def is_readable(survey: Survey) -> bool:
    try:
        arrived(survey)
    except AnsibleError:
        return False
    return True


def is_usable(survey: Survey) -> bool:
    """Predicate: is there no reason to reject an answer?"""
    texts = [value for name, value in arrived(survey).items() if name in FIELDS and value is not None]
    return (
        all(isinstance(text, str) and not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", text) for text in texts)
        and all(meant(survey[name]).strip() for name in ("device", "credential", "protocol"))
        and bool(survey["user"].strip() or not survey["user"])
    )


@settings(
    max_examples=3,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # each example is a run with many surveys
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    surveys=st.lists(
        surveys_typed.filter(is_readable), min_size=40, max_size=50, unique_by=lambda survey: (*survey.values(),)
    )
)
def test_pam_core_gets_the_typed_answers_or_no_request(
    surveys: list[Survey], vault: Simulator, collections: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vault.clear_requests()
    surveys = [GOOD, *surveys]
    asked = ask(surveys, vault, collections, tmp_path_factory.mktemp("surveys"))
    for number, survey in enumerate(surveys, 1):
        if number in asked.by_survey:
            assert asked.by_survey[number] == expected(survey)
        else:
            assert not is_usable(survey), asked.messages[number]
