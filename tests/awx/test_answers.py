# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PAM Core is asked for what was typed in a survey, or for nothing.

ansible-core 2.19 and newer reads what AWX writes, ``!unsafe 'text'``, by YAML's rules for plain text. Many surveys are
answered in one run of request_session.yml: each is the variables of a host.
"""

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
from tests.awx.test_request_session import ADVICE, ADVICE_ON_LAUNCHER, NOTHING_ASKED, session_credential

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
"""Answers that may be any text, and what PAM Core calls them."""

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
"""By YAML's rules as ansible-core 2.19 and newer has them."""

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
"""What looks like that, and is text."""

NULL = ["~", "null", "Null", "NULL"]
NOT_YAML = ["=", "<<", "2026-02-31", "0x_"]
"""Answers that ansible-core 2.19 and newer cannot parse. The job fails before its first task."""


def meant(text: str) -> str:
    """What an answer comes to. It is not known whether null was typed or nothing."""
    return "" if READS_YAML and text in NULL else text


class Asked(t.NamedTuple):
    by_survey: dict[int, dict[str, t.Any]]
    """What PAM Core was asked for, by the number of the survey."""
    messages: dict[int, str]


def ask(
    surveys: Sequence[Survey],
    vault: Simulator,
    collections: str,
    folder: Path,
    launcher: str = "jdoe",
    site: Mapping[str, t.Any] | None = None,
) -> Asked:
    """Answer surveys in one run. remote_app, which is none of the answers, is the number of the survey.

    *site* has the job template's own variables, and *launcher* launched it.
    """
    (play,) = yaml.safe_load((CHECKOUT / "playbooks" / "request_session.yml").read_text(encoding="utf-8"))
    play["hosts"] = "all"
    variables = {"hand_over": "job_output", "allow_other_user": True, **(site or {})}
    asked_for = [*play["vars"]["answers"], "auto_select_credential", "device_port", "remote_app"]
    for name in [*asked_for, *variables]:
        del play["vars"][name]  # a host's variables have no precedence over them
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
    """What PAM Core is asked for if it is asked."""
    wanted = {FIELDS[name]: meant(survey.get(name, "")) for name in FIELDS}
    return {name: text for name, text in {**wanted, "user": wanted["user"] or launcher}.items() if text}


GOOD = {"device": "web01", "credential": "svc-admin", "protocol": "SSH"}


def test_each_answer_is_text_or_is_refused_by_its_name(vault: Simulator, collections: str, tmp_path: Path) -> None:
    not_text = [form for forms in NOT_TEXT.values() for form in forms]
    surveys = [dict.fromkeys(FIELDS, form) for form in [*not_text, *TEXT, *NULL]]
    asked = ask(surveys, vault, collections, tmp_path)
    for number, survey in enumerate(surveys, 1):
        form = survey["device"]
        if READS_YAML and form in not_text:
            found = re.findall(
                r"(\w+) is not text but the (?:boolean|integer|number|date|time) \S+\. ", asked.messages[number]
            )
            assert sorted(found) == sorted(FIELDS), form
            assert asked.messages[number].startswith(NOTHING_ASKED) and asked.messages[number].endswith(ADVICE)
            assert number not in asked.by_survey
        elif not meant(form):
            assert "device is missing or empty. protocol is missing or empty. credential is " in asked.messages[number]
            assert number not in asked.by_survey
        else:
            assert asked.by_survey[number] == expected(survey)


@pytest.mark.parametrize("launcher", ["00123456", "12:30", "yes", "2026-01-31", "null"])
def test_the_name_of_who_launched_the_job_is_text_or_is_refused(
    launcher: str, vault: Simulator, collections: str, tmp_path: Path
) -> None:
    asked = ask([GOOD], vault, collections, tmp_path, launcher)
    if READS_YAML:
        assert asked.by_survey == {}
        assert asked.messages[1].startswith(f"{NOTHING_ASKED}awx_user_name is not text but ")
        assert asked.messages[1].endswith(ADVICE_ON_LAUNCHER)
    else:
        assert asked.by_survey == {1: expected(GOOD, launcher)}


def test_addresses_sizes_and_numbers_are_as_they_were_typed(vault: Simulator, collections: str, tmp_path: Path) -> None:
    """A port is an integer, so that an octal one cannot be told from a decimal one: it is the integer that arrived."""
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
def test_what_cannot_be_read_asks_for_nothing(
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


def test_nothing_gets_around_the_lists(vault: Simulator, collections: str, tmp_path: Path) -> None:
    names = ("credential", "device", "remote_device", "protocol")
    surveys = [{**GOOD, name: form} for name in names for form in ("0", "0.0", "false", "off", "00", "0x0", "-0")]
    asked = ask(surveys, vault, collections, tmp_path, site=ALLOWED)
    for number, survey in enumerate(surveys, 1):
        (name,) = [name for name in names if survey.get(name) != GOOD.get(name)]
        assert f" {name} is " in asked.messages[number]
    assert vault.requests == []


def test_each_word_for_true_selects_a_credential_and_no_list_allows_it(
    vault: Simulator, collections: str, tmp_path: Path
) -> None:
    words = {
        **dict.fromkeys(["y", "T", "1", "On", "YES", "true"], "PAM Core cannot select a credential where "),
        **dict.fromkeys(["2", "1.0", "perhaps", "[1]", "2026-01-31"], "auto_select_credential must be true or false, "),
        **dict.fromkeys(["n", "F", "0", "Off", "NO", "false", "~"], ""),
    }
    if not READS_YAML:
        words["~"] = "auto_select_credential must be true or false, "
    surveys = [{**GOOD, "auto_select_credential": word} for word in words]
    asked = ask(surveys, vault, collections, tmp_path, site=ALLOWED)
    for number, message in enumerate(words.values(), 1):
        if message:
            assert asked.messages[number].startswith(NOTHING_ASKED + message)
            assert number not in asked.by_survey
        else:
            assert asked.by_survey[number] == expected(GOOD)


def test_a_name_that_looks_like_a_number_needs_another_way(
    vault: Simulator, run_job: JobPlay, answers: dict[str, str]
) -> None:
    """The text comes from the e-mail address, or is written down in the job template, which says so."""
    credential = [session_credential(vault)]
    for session_user in ("{{ awx_user_email | regex_replace('@corp[.]example$', '') }}", "00123456"):
        vault.clear_requests()
        site = {"hand_over": "job_output", "session_user": session_user, "uses_launcher_name": False}
        run_job(answers, credential, site, user="00123456")
        (asked,) = [request.json for request in vault.requests if request.path.endswith("/remote/session")]
        assert asked["user"] == "00123456"


@pytest.mark.parametrize("word", ["", "true", "perhaps"])
def test_only_a_plain_false_says_that_the_name_is_not_used(
    word: str, vault: Simulator, collections: str, tmp_path: Path
) -> None:
    site = {"session_user": "asmith", "uses_launcher_name": word}
    asked = ask([GOOD], vault, collections, tmp_path, "00123456", site)
    if READS_YAML or word == "perhaps":
        assert asked.by_survey == {}
        name = "awx_user_name" if READS_YAML else "uses_launcher_name"
        assert asked.messages[1].startswith(f"{NOTHING_ASKED}{name} ")
    else:
        assert asked.by_survey == {1: expected(GOOD, "asmith")}


MADE_OF_THE_NAME = {
    "{{ awx_user_name | regex_replace('@corp[.]example$', '') }}": "00123456",
    "{{ awx_user_name | regex_replace('^(..)', '\\1-') }}": "00-123456",
    "{{ {'00123456': 'asmith', '42798': 'mallory'}[awx_user_name | string] }}": "asmith",
    "{{ 'u' ~ (tower_user_name | string)[-4:] }}": "u3456",
}
"""Expressions of a site, and whom they mean by the login name 00123456."""


@pytest.mark.parametrize("session_user", MADE_OF_THE_NAME)
def test_an_expression_of_the_site_makes_no_text_of_a_name_that_is_none(
    session_user: str, vault: Simulator, run_job: JobPlay, answers: dict[str, str]
) -> None:
    site = {"hand_over": "job_output", "session_user": session_user}
    job = run_job(answers, [session_credential(vault)], site, user="00123456")
    if READS_YAML:
        assert job.failure().startswith(
            f"{NOTHING_ASKED}awx_user_name is not text but the integer 42798. tower_user_name is not text but the "
            "integer 42798. "
        )
        assert job.failure().endswith(f" {ADVICE} {ADVICE_ON_LAUNCHER}")
        assert vault.requests == []
    else:
        (asked,) = [request.json for request in vault.requests if request.path.endswith("/remote/session")]
        assert asked["user"] == MADE_OF_THE_NAME[session_user]


def test_extra_variables_are_written_as_awx_does() -> None:
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


# Whatever is typed

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
    """Whether there is no reason to refuse an answer."""
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
    phases=[Phase.generate],  # each example is a run, and has many surveys
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    surveys=st.lists(
        surveys_typed.filter(is_readable), min_size=40, max_size=50, unique_by=lambda survey: (*survey.values(),)
    )
)
def test_pam_core_is_asked_for_what_was_typed_or_for_nothing(
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
