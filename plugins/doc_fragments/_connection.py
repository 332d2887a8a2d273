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
    are the variable V(senhasegura_url), the environment variable E(SENHASEGURA_URL) and the key C(url). The names for
    other options follow the same pattern.
  - If an option cannot be set in one of these places, its description or another note says so.
  - Secrets cannot be set in C(ansible.cfg). These are O(client_secret), O(consumer_secret), O(token_key),
    O(token_secret) and O(access_token).
  - An option that is set to an empty string counts as unset. Filters, which select sessions, must not be empty.
  - The task or lookup fails if the value of an option comes from a fact. Facts are gathered by Ansible, returned by
    modules, or read from the fact cache. A managed host chooses its facts, so a compromised host could choose the
    value. Some cases cannot be detected. They are listed in the guide
    R(Secrets and security, ansible_collections.pamops.senhasegura.docsite.security_guide).
  - A task also fails if a fact sets C(delegate_to). The same applies to variables for PAM Core, proxies and certificate
    authorities in the keyword C(environment), such as E(SENHASEGURA_URL), E(HTTPS_PROXY) and E(REQUESTS_CA_BUNDLE).
  - To use a fact that you trust, copy it to a variable of another name with M(ansible.builtin.set_fact), without
    C(cacheable).
  - A string option accepts no integer, boolean or date, unless its description says so. Put quotes around a value such
    as V(00123456). Without quotes, YAML reads it as the integer 42798.
options:
  url:
    description:
      - URL of PAM Core, such as V(https://vault.example). It must begin with V(https://).
      - If the URL has a path, it is used as a prefix of the API's paths.
      - Required. Can also be set as the variable V(senhasegura_url), as the environment variable E(SENHASEGURA_URL),
        or as C(url) in C(ansible.cfg).
    type: str
    aliases: [system_url]
  api_prefix:
    description:
      - Prefix of the API's paths. It depends on the version of PAM Core.
      - Set V(iso) for version 3.32, and V(api) for versions 3.33 and 4.0. For all other versions, leave it at V(auto).
      - V(auto) works with all versions. It detects the path of each kind of request separately, for example of the
        login and of requests for a session. Each detection costs up to two extra requests. All tasks of a run share
        the result, except delegated tasks.
      - V(iso) and V(api) avoid most of these extra requests, but not all of them. Some kinds of requests have two
        possible paths even then, so the first one may be tried in vain.
      - If PAM Core responds with HTTP status 404, V(auto) tries the next path. A request that must not be handled
        twice, such as one for a session, is sent to the next path only if the response proves that nothing handled it.
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
      - Set it if PAM Core has several tenants and the host in O(url) is an IP address. If the host is a name and its
        first part is a tenant, PAM Core uses that tenant.
    type: str
  consumer_key:
    description: Consumer key of the application's authorization in PAM Core, for OAuth 1.0.
    type: str
  consumer_secret:
    description: Consumer secret for O(consumer_key).
    type: str
  token_key:
    description: Token key of the application's authorization in PAM Core, for OAuth 1.0. PAM Core calls it C(token).
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
      - If V(false), an attacker on the network path to PAM Core can read all secrets that are sent and returned. Each
        run then prints a warning.
      - To accept a private certificate authority, set O(ca_path) instead.
    type: bool
    default: true
  ca_path:
    description:
      - Certificate authorities to trust, as a PEM file or as a directory that C(openssl rehash) has prepared. No others
        are trusted.
      - If unset, the environment variable E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) is used. If these are unset too,
        the default of the Python library C(requests) is used. It is usually the list of the Python library C(certifi).
        The C(requests) package of a Linux distribution can have another default.
      - If the task is delegated to another host, the paths O(ca_path), O(client_cert) and O(client_key) are on that
        host. However, V(~) and environment variables in these paths are expanded on the controller.
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
      - Maximum time in seconds for one operation, such as requesting a session. More than 0 and at most 3600.
      - The time includes the login, the detection of the API's path, and all retries.
      - If a task or lookup performs several operations, each of them has this time.
    type: float
    default: 30
  retries:
    description:
      - How often to retry a request, from 0 to 10.
      - A request is retried if no connection could be established, if the connection broke before the request was sent,
        or if the host name could temporarily not be resolved. A request is also retried after HTTP status 429 or 503
        with the header C(Retry-After).
      - A request is not retried after any other failure, such as an unknown host name, an invalid certificate, a
        refusal by a proxy, or a lost response.
      - This option does not limit the detection of the API's path, see O(api_prefix).
      - With OAuth 2.0, this option does not limit the renewal of the token either. After HTTP status 401, a request is
        sent once more with a new token, unless the rejected token came from a login that this operation had just made.
    type: int
    default: 2
  token_cache:
    description:
      - Whether all tasks and hosts of a run share the token of one OAuth 2.0 login. They share it if they have the same
        O(url), O(api_prefix), O(tenant), O(client_id), O(client_secret), O(validate_certs), O(ca_path), O(client_cert),
        O(client_key) and O(proxy).
      - The token is in the temporary directory that ansible-core creates for the run and removes at its end. Only your
        user can read it. If the run is ended by any signal other than SIGINT (Ctrl-C), the directory may remain.
      - Tasks and hosts share a failed login too. If PAM Core refuses a login or does not respond to it in time, all
        tasks that need this login fail for the next 60 seconds without another login. So a wrong secret causes at most
        one failed login a minute, not one for each host.
      - A task that is delegated to another host shares neither a token nor a failed login. It always logs in by itself.
    type: bool
    default: true
"""

    # Where the values come from: for plugins, which core tells of it.
    PLUGIN: str = documented_sources(CONNECTION)
