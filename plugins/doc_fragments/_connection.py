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
  - Python >= 3.10 on the controller
  - Python >= 3.9 on a host to which a task is delegated
  - requests >= 2.28
  - requests-oauthlib >= 1.3, for OAuth 1.0
notes:
  - An option that the task or lookup does not set is read from an Ansible variable, then from an environment variable,
    then from the section C([senhasegura]) of C(ansible.cfg). The first of them that is set is used. For O(url), these
    are the variable V(senhasegura_url), the environment variable E(SENHASEGURA_URL) and the key C(url).
  - Secrets cannot be set in C(ansible.cfg). These are O(client_secret), O(consumer_secret), O(token_key),
    O(token_secret) and O(access_token).
  - Options that describe a single task, such as the device, can only be set in the task or lookup itself.
  - An option that is set to an empty string counts as unset. Filters, which select sessions, must not be empty.
  - The task or lookup fails if the value of an option comes from a fact, because managed hosts choose their own facts.
    Some cases cannot be detected. They are listed in the guide
    R(Secrets and security, ansible_collections.pamops.senhasegura.docsite.security_guide). To use a fact that you
    trust, copy it to a variable of another name with M(ansible.builtin.set_fact).
  - A string option accepts no integer, boolean or date. Put quotes around a value such as V(00123456), because YAML
    reads it as the integer 42798 otherwise.
options:
  url:
    description:
      - URL of PAM Core, such as V(https://vault.example). It must begin with V(https://).
      - If the URL has a path, the API's paths are appended to it.
      - Required. Can also be set as the variable V(senhasegura_url), as the environment variable E(SENHASEGURA_URL),
        or as C(url) in C(ansible.cfg).
    type: str
    aliases: [system_url]
  api_prefix:
    description:
      - Prefix of the API's paths. It depends on the version of PAM Core.
      - Set V(iso) for version 3.32, and V(api) for versions 3.33 and 4.0. For version 4.2 and later, leave it at
        V(auto).
      - V(auto) works with all versions. It tries the known paths once per run, which costs up to three requests. After
        a request to create or terminate a session, it tries the next path only if PAM Core cannot have handled the
        request.
      - For details, see the guide
        R(Versions of PAM Core, ansible_collections.pamops.senhasegura.docsite.versions_guide).
    type: str
    choices: [auto, iso, api]
    default: auto
  auth_method:
    description:
      - How the application authenticates to PAM Core.
      - V(oauth2) needs O(client_id) and O(client_secret).
      - V(oauth1) needs O(consumer_key), O(consumer_secret), O(token_key) and O(token_secret).
      - V(access_token) needs O(access_token).
      - V(auto) uses the method whose options are all set. It fails if there is no such method, or more than one.
    type: str
    choices: [auto, oauth2, oauth1, access_token]
    default: auto
  client_id:
    description: Client ID of the application's authorization in PAM Core, for OAuth 2.0.
    type: str
  client_secret:
    description: Client secret for O(client_id).
    type: str
  tenant:
    description:
      - Tenant of PAM Core in which to log in with O(client_id). PAM Core supports this from version 3.33 on.
      - Set it if PAM Core has several tenants and the host in O(url) is an IP address.
    type: str
  consumer_key:
    description: Consumer key of the application's authorization in PAM Core, for OAuth 1.0.
    type: str
  consumer_secret:
    description: Consumer secret for O(consumer_key).
    type: str
  token_key:
    description: Token of the application's authorization in PAM Core, for OAuth 1.0.
    type: str
  token_secret:
    description: Token secret for O(token_key).
    type: str
  access_token:
    description: An OAuth 2.0 access token that another program has obtained from PAM Core.
    type: str
  validate_certs:
    description:
      - Whether to verify PAM Core's TLS certificate.
      - If V(false), an attacker between the two machines can read the authentication secrets and the session URLs. Each
        run then prints a warning. To accept a private certificate authority, set O(ca_path) instead.
    type: bool
    default: true
  ca_path:
    description:
      - Certificate authorities to trust, as a PEM file or as a directory that C(openssl rehash) has prepared. No others
        are trusted.
      - If unset, the environment variable E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) is used. If these are unset too,
        the certificate authorities of the Python library C(certifi) are trusted.
      - If the task is delegated to another host, the path is on that host, but V(~) is the user's home directory on the
        controller.
    type: path
  client_cert:
    description: TLS client certificate, as a PEM file. The file can also contain the private key.
    type: path
  client_key:
    description: Private key of O(client_cert), as a PEM file that is not encrypted. It requires O(client_cert).
    type: path
  proxy:
    description:
      - URL of a proxy, such as V(http://proxy.example:3128).
      - Do not put a URL that contains a password into C(ansible.cfg).
      - A SOCKS proxy, such as V(socks5h://proxy.example:1080), requires the Python library PySocks.
      - If unset, the environment variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY) apply.
    type: str
  timeout:
    description:
      - Maximum time in seconds for one operation, more than 0 and at most 3600. An operation is a request for one
        session, a list of sessions, or the termination of one session.
      - The time includes the login, the detection of the path, and all retries.
      - If a task or lookup performs several operations, each of them has this time.
    type: float
    default: 30
  retries:
    description:
      - How often to retry a request that cannot have reached the API, for example because the connection was refused.
        Requests that get HTTP status 429 or 503 with the header C(Retry-After) are retried too. From 0 to 10.
      - Regardless of this option, a request is sent again with a new token after HTTP status 401, and sent to the next
        path as described for O(api_prefix).
      - No other request is repeated.
    type: int
    default: 2
  token_cache:
    description:
      - Whether all tasks and hosts of a run share the token of one OAuth 2.0 login. They share it if they have the same
        O(url), O(api_prefix), O(tenant), O(client_id), O(client_secret), O(validate_certs), O(ca_path), O(client_cert),
        O(client_key) and O(proxy).
      - The token is in the temporary directory that ansible-core creates for the run and removes at its end. Only your
        user can read it. If the run is ended by any signal other than SIGINT (Ctrl-C), the directory may remain.
      - Tasks and hosts share a failed login too. If PAM Core refuses a login or does not respond to it in time, they
        fail for 60 seconds without another login. So a wrong secret causes at most one failed login a minute, not one
        for each host.
      - A task that is delegated to another host shares neither. It always logs in by itself.
    type: bool
    default: true
"""

    # Where the values come from: for plugins, which core tells of it.
    PLUGIN: str = documented_sources(CONNECTION)
