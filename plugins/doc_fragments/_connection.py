# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ..module_utils._options.connection import CONNECTION
from ..plugin_utils._sources import documented_sources


class ModuleDocFragment:
    # How PAM Core is reached, and as whom: the options in prose.
    DOCUMENTATION = r"""
requirements:
  - Python >= 3.9, where the work is done
  - requests >= 2.28
  - requests-oauthlib >= 1.3, for OAuth 1.0
notes:
  - Options that are not given come from Ansible variables, environment variables, and C(ansible.cfg), in this order.
    A variable is named like the option with C(senhasegura_) before it, an environment variable with C(SENHASEGURA_)
    before it in capitals, and a key of the section C([senhasegura]) of C(ansible.cfg) like the option itself.
    There is no such key for a secret. An empty text is as good as none. What is particular to one task, such as the
    device, filters, and whether to wait, is said there alone.
  - An option is refused if its value comes from a fact, since managed hosts choose their facts. There are limits, which
    the guide on security names. Copy a fact that you trust to a variable of another name with
    M(ansible.builtin.set_fact).
  - An option that is a string takes no number, boolean or date. Put V(00123456) in quotes, which YAML would otherwise
    read as the number 42798.
  - Unless a task is delegated, the work is done by the user who runs Ansible, whatever C(become) says. With
    C(delegate_to), it is done as any module's, and C(become) holds.
options:
  url:
    description:
      - Address of PAM Core, such as V(https://vault.example). A path in it is kept.
      - It must begin with V(https://).
      - This must be set here or elsewhere.
    type: str
    aliases: [system_url]
  api_prefix:
    description:
      - Which generation of paths the API has.
      - V(iso) is documented up to version 3.32, and again for sessions in the newest documentation.
      - V(api) is documented from version 3.33 on.
      - V(auto) tries one after the other, until one is there, once in a run. Where a session is to be made or ended,
        it goes on only if the answer proves that nothing was handled; for a login or a list, after any HTTP status 404.
    type: str
    choices: [auto, iso, api]
    default: auto
  auth_method:
    description:
      - How the application authenticates itself.
      - V(auto) takes the one method for which all credentials are there, and fails if there are two.
    type: str
    choices: [auto, oauth2, oauth1, access_token]
    default: auto
  client_id:
    description: Client ID of an authorization that uses OAuth 2.0.
    type: str
  client_secret:
    description: Client secret that belongs to O(client_id).
    type: str
  tenant:
    description:
      - Tenant in which O(client_id) is to log in, from version 3.33 on.
      - This is needed where PAM Core with several tenants is addressed by an IP address.
    type: str
  consumer_key:
    description: Consumer key of an authorization that uses OAuth 1.0.
    type: str
  consumer_secret:
    description: Consumer secret that belongs to O(consumer_key).
    type: str
  token_key:
    description: Token of an authorization that uses OAuth 1.0.
    type: str
  token_secret:
    description: Token secret that belongs to O(token_key).
    type: str
  access_token:
    description: An OAuth 2.0 access token that was obtained elsewhere.
    type: str
  validate_certs:
    description:
      - Whether the certificate of PAM Core is verified.
      - If it is V(false), whoever is between may read the credentials and the session, which a warning says in each
        run. Prefer O(ca_path).
    type: bool
    default: true
  ca_path:
    description:
      - Certificate authorities to trust, and no others, as a PEM file or a directory prepared with C(openssl rehash).
      - If unset, those of E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE), or of Python's C(certifi).
      - With C(delegate_to), the file is that of the other host, and a V(~) is the home of the user on the controller.
    type: path
  client_cert:
    description: Certificate to authenticate with on the level of TLS, as a PEM file that may hold the key too.
    type: path
  client_key:
    description: Key of O(client_cert), without which it is of no use, as a PEM file that is not encrypted.
    type: path
  proxy:
    description:
      - URL of a proxy, such as V(http://proxy.example:3128). Keep one with a password out of C(ansible.cfg).
      - A SOCKS proxy (V(socks5h://...)) needs the Python library PySocks.
      - If unset, the environment variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) hold.
    type: str
  timeout:
    description:
      - Seconds for all that one session, one list of sessions or the end of one session takes, logging in, finding the
        path, and trying again included. At most 3600.
    type: float
    default: 30
  retries:
    description:
      - How often to try again what cannot have reached the API, such as a refused connection, and what was answered
        with HTTP status 429 or 503 and the time to wait. At most 10 times.
      - Besides, a request is sent again with a new token after HTTP status 401, and to the next path as O(api_prefix)
        says. Nothing else is ever sent twice.
    type: int
    default: 2
  token_cache:
    description:
      - Whether all tasks and hosts of a run share the token of one login with OAuth 2.0. It is shared by those that
        have the same O(url), O(api_prefix), O(tenant), O(client_id), O(client_secret), O(validate_certs), O(ca_path),
        O(client_cert), O(client_key) and O(proxy).
      - It is in the directory that ansible-core makes for the run and removes at its end, readable for the user alone.
        A run that is ended by a signal other than that of Ctrl-C may leave the directory behind.
      - They share a refusal too. After a login that was refused, or got no response in time, they fail for 60 seconds
        without asking, so that a wrong secret costs one failed login a minute and not one for each host.
      - A delegated host logs in by itself.
    type: bool
    default: true
"""

    # Where the values come from: for plugins, which core tells of it.
    PLUGIN: str = documented_sources(CONNECTION)
