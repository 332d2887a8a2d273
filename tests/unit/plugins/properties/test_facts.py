# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever facts a host has, and however variables refer to each other, no option gets its value from a fact."""

from __future__ import annotations

import re
import types
import typing as t
from collections.abc import Callable, Mapping

from ansible import template
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var
from ansible.vars.clean import clean_facts, namespace_facts
from hypothesis import event, example, given
from hypothesis import strategies as st

from ansible_collections.pamops.senhasegura.plugins.module_utils._errors import OptionsError
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.operation import Operation
from ansible_collections.pamops.senhasegura.plugins.module_utils._resources.remote_session import OPERATION
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._resolve import resolve
from ansible_collections.pamops.senhasegura.plugins.plugin_utils._untemplated import Untemplated
from tests.unit.plugins.support import URL

trust_as_template: Callable[[str], str] = getattr(template, "trust_as_template", str)

MARK = "FACT"
PLAIN = ("alpha", "beta", "gamma", "ansible_delta", "delta", "epsilon")
OPTIONS = ("url", "user", "credential", "client_id", "client_secret", "tenant", "proxy", "remote_device")
VARIABLES = [*PLAIN, *(f"senhasegura_{name}" for name in OPTIONS)]

names = st.sampled_from(VARIABLES)
texts = st.sampled_from(["one", "two", "https://vault.example", "http://proxy.example:3128", ""])
templates = st.builds(
    str.format,
    st.sampled_from(
        [
            "{{{{ {0} }}}}",
            "x{{{{ {0} }}}}",
            "{{{{ {0} | default('{1}') }}}}",
            "{{{{ lookup('ansible.builtin.vars', '{0}', default='') }}}}",
            "{{% if true %}}{{{{ {0} }}}}{{% endif %}}",
            "{{{{ [{1}, {0}] | last }}}}",
            "{{{{ nest.{0} }}}}",
            "{{{{ nest['{0}'] }}}}",
        ]
    ),
    st.sampled_from(PLAIN),
    st.sampled_from(PLAIN),
)
values = texts | templates


def without_circles(variables: dict[str, str]) -> dict[str, str]:
    """Let each plain variable refer only to later ones, because core itself fails on a circle."""
    return {
        name: value
        for name, value in variables.items()
        if name not in PLAIN or not any(re.search(rf"\b{other}\b", value) for other in PLAIN[: PLAIN.index(name) + 1])
    }


facts = st.dictionaries(
    st.sampled_from([*VARIABLES, *(f"ansible_{name}" for name in VARIABLES)]),
    st.integers(0, 9).map(lambda number: f"https://{MARK}{number}"),
    max_size=4,
)


class Unchecked(Operation):
    """Accepts any value: other tests validate them."""

    def problems(self, options: Mapping[str, t.Any], origins: Mapping[str, str] | None = None) -> list[str]:
        return []


class Host:
    """The variables that core has for a task."""

    def __init__(self, inventory: dict[str, str], found: dict[str, str], play: dict[str, str]) -> None:
        trusted = {name: trust_as_template(value) for name, value in inventory.items()}
        self.found = found
        self.variables: dict[str, t.Any] = {
            **trusted,
            "nest": {name: trust_as_template(f"{{{{ {name} }}}}") for name in PLAIN},
            **namespace_facts(found),
            **{name: wrap_var(value) for name, value in clean_facts(found).items()},
            **{name: trust_as_template(value) for name, value in play.items()},
            "inventory_hostname": "web01",
        }
        manager = types.SimpleNamespace(_fact_cache={"web01": found})
        self.variables["hostvars"] = types.SimpleNamespace(_variable_manager=manager)

    def resolve(self, arguments: dict[str, str], as_lookup: bool) -> dict[str, t.Any]:
        """Resolve as an action, which knows the templates of its arguments, or as a lookup."""
        templar = Templar(loader=DataLoader(), variables=self.variables)
        trusted = {name: trust_as_template(value) for name, value in arguments.items()}
        given = {name: templar.template(value) for name, value in trusted.items()}
        return resolve(
            Unchecked(*OPERATION),
            {"device": "web01", "auth_method": "access_token", **given},
            self.variables,
            templar.template,
            written=Untemplated() if as_lookup else Untemplated(arguments=trusted),
        )


def variables(most: int) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(names, values, max_size=most).map(without_circles)


@given(
    inventory=variables(10),
    found=facts,
    play=variables(2),
    arguments=st.dictionaries(st.sampled_from(OPTIONS), values, max_size=3),
)
@example(
    inventory={"senhasegura_client_id": "one", "senhasegura_client_secret": "two"},
    found={"senhasegura_url": f"https://{MARK}", "ansible_senhasegura_url": "https://other.example"},
    play={},
    arguments={"user": "one", "credential": "two"},
)
@example(
    inventory={"senhasegura_url": URL, "senhasegura_client_id": "one", "senhasegura_client_secret": "{{ nest.alpha }}"},
    found={"alpha": f"https://{MARK}"},
    play={},
    arguments={"user": "one", "credential": "two"},
)
def test_no_option_comes_from_a_fact(
    inventory: dict[str, str], found: dict[str, str], play: dict[str, str], arguments: dict[str, str]
) -> None:
    host = Host({"senhasegura_url": URL, **inventory}, found, play)
    try:
        options = host.resolve(arguments, as_lookup=False)
    except OptionsError as exc:
        refused = re.findall(r"must not come from (\S+), which is a fact of web01", str(exc))
        event("a fact" if refused else "refused")
        assert set(refused) <= found.keys() | {name.removeprefix("ansible_") for name in found}
        assert MARK not in str(exc) or not refused
    except AnsibleError:  # a template of an argument that core itself cannot render
        event("not templated")
    else:
        event("resolved")
        assert MARK not in str(options)


@given(inventory=variables(10), found=facts, play=variables(2))
def test_no_option_of_a_lookup_comes_from_a_fact_through_variables(
    inventory: dict[str, str], found: dict[str, str], play: dict[str, str]
) -> None:
    host = Host({"senhasegura_url": URL, **inventory}, found, play)
    try:
        options = host.resolve({"user": "one"}, as_lookup=True)
    except OptionsError:
        event("refused")
    else:
        event("resolved")
        assert MARK not in str(options)
