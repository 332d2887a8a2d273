# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays. Each host stands for the outcome of its tasks: a success, or one of several failures.

Variables ``my_…`` contain arguments and environments of tasks. If a task sets none, ``senhasegura_…`` apply."""

from __future__ import annotations

CONTEXTS = """\
---
- name: All contexts
  hosts: outcomes
  gather_facts: false
  ignore_errors: true
  handlers:
    - name: Handler
      pamops.senhasegura.pam_remote_session:
        device: web01
  tasks:
    - name: Single, secrets from variables
      pamops.senhasegura.pam_remote_session:
        device: web01
      register: session
      notify: Handler

    - name: Secrets are in what was registered, or it failed
      ansible.builtin.assert:
        that:
          - session is failed or (session.token[:length] | hash('sha256') == session_token_hash)
          - session is failed or ('_sr=' in session.session_url)

    - name: Debug of another key
      ansible.builtin.debug:
        var: session.expires_at

    - name: Debug of a key that is not there
      ansible.builtin.debug:
        msg: "{{ session.nothing_of_that_name }}"

    - name: Loop, OAuth 2.0 from arguments
      pamops.senhasegura.pam_remote_session:
        device: "{{ item }}"
        client_id: "{{ my_client_id }}"
        client_secret: "{{ my_client_secret }}"
      loop: [web01, nowhere, db01]
      register: by_loop

    - name: Until, OAuth 1.0 from arguments
      pamops.senhasegura.pam_remote_session: &oauth1
        device: web01
        auth_method: oauth1
        consumer_key: "{{ my_consumer_key }}"
        consumer_secret: "{{ my_consumer_secret }}"
        token_key: "{{ my_token_key }}"
        token_secret: "{{ my_token_secret }}"
      register: by_until
      until: by_until is success and by_until.token == 'never'
      retries: 1
      delay: 0

    - name: Block
      block:
        - name: Access token from an argument, then declared a failure
          pamops.senhasegura.pam_remote_session:
            device: web01
            auth_method: access_token
            access_token: "{{ my_access_token }}"
          register: in_block
          failed_when: in_block is failed or in_block.token is defined
          ignore_errors: false
      rescue:
        - name: Access token from the environment of the task, in a rescue
          pamops.senhasegura.pam_remote_session:
            device: web01
            auth_method: access_token
          environment:
            SENHASEGURA_ACCESS_TOKEN: "{{ my_access_token }}"
      always:
        - name: Variables of the task, in an always
          pamops.senhasegura.pam_remote_session:
            device: web01
          vars:
            senhasegura_client_secret: "{{ my_client_secret }}"

    - name: Module defaults
      module_defaults:
        group/pamops.senhasegura.senhasegura: *oauth1
      block:
        - name: OAuth 1.0 from module defaults
          pamops.senhasegura.pam_remote_session:
            device: web01

        - name: OAuth 2.0 against the module defaults, hidden by the user
          pamops.senhasegura.pam_remote_session:
            device: web01
            auth_method: oauth2
            client_id: "{{ my_client_id }}"
            client_secret: "{{ my_client_secret }}"
          no_log: true

    - name: Included
      ansible.builtin.include_tasks: included.yml
      vars:
        senhasegura_client_secret: "{{ my_client_secret }}"

    - name: Check mode
      pamops.senhasegura.pam_remote_session:
        device: web01
      check_mode: true
      register: checked

    - name: Debug of what was checked
      ansible.builtin.debug:
        var: checked

    - name: Key and value, delegated to the controller
      pamops.senhasegura.pam_remote_session: >-
        device=web01 auth_method=access_token access_token={{ my_access_token }}
      delegate_to: localhost

    - name: Misspelt and misplaced secrets
      pamops.senhasegura.pam_remote_session:
        device: web01
        url: "https://jdoe:{{ my_client_secret | urlencode }}@127.0.0.1"
        client_secrett: "{{ my_client_secret }}"
        consumer_secret: ["{{ my_consumer_secret }}"]
        token_secret: {"is": "{{ my_token_secret }}"}
        access_token: "{{ my_access_token }} with a blank"

    - name: Not run in the background
      pamops.senhasegura.pam_remote_session:
        device: web01
        client_id: "{{ my_client_id }}"
        client_secret: "{{ my_client_secret }}"
      async: 10
      poll: 0

    - name: List of sessions, OAuth 1.0 from arguments
      pamops.senhasegura.pam_remote_session_info:
        auth_method: oauth1
        consumer_key: "{{ my_consumer_key }}"
        consumer_secret: "{{ my_consumer_secret }}"
        token_key: "{{ my_token_key }}"
        token_secret: "{{ my_token_secret }}"

    - name: End of sessions, access token from the environment of the task
      pamops.senhasegura.pam_remote_session_terminate:
        auth_method: access_token
        device: [web01]
      environment:
        SENHASEGURA_ACCESS_TOKEN: "{{ my_access_token }}"

    - name: Lookup of sessions, secrets from variables
      ansible.builtin.debug:
        msg: "{{ query('pamops.senhasegura.pam_remote_session_info') }}"

    - name: Secret that looks like a template
      pamops.senhasegura.pam_remote_session:
        device: web01
      vars:
        senhasegura_client_secret: "{{ braced }}"
        senhasegura_proxy: "{{ braced_proxy }}"

    - name: Lookup with a secret that looks like a template
      ansible.builtin.debug:
        msg: "{{ lookup('pamops.senhasegura.pam_remote_session', 'web01') }}"
      vars:
        senhasegura_client_secret: "{{ braced }}"

    - name: Lookup in variables, of which nothing is shown
      ansible.builtin.debug:
        msg: "{{ found | length }}"
      vars:
        found: "{{ lookup('pamops.senhasegura.pam_remote_session', 'web01') }}"

    - name: Lookup with arguments, in a condition
      ansible.builtin.debug:
        msg: There are sessions
      when: found | length == 2 and found[1].token[:length] | hash('sha256') == session_token_hash
      vars:
        found: "{{ query('pamops.senhasegura.pam_remote_session', 'web01', 'db01', auth_method='oauth1', field='all',
                         consumer_key=my_consumer_key, consumer_secret=my_consumer_secret,
                         token_key=my_token_key, token_secret=my_token_secret) }}"

    - name: Lookup in a template
      ansible.builtin.template:
        src: page.html.j2
        dest: "{{ kept }}/{{ inventory_hostname }}.html"
        mode: "0600"
      no_log: true

    - name: Lookup in a condition
      ansible.builtin.debug:
        msg: There is a session
      when: lookup('pamops.senhasegura.pam_remote_session', 'web01') is search('_sr=')

    - name: Lookup with misspelt and misplaced secrets
      ansible.builtin.debug:
        msg: "{{ lookup('pamops.senhasegura.pam_remote_session', 'web01', client_secrett=my_client_secret,
                        consumer_secret=[my_consumer_secret], access_token=my_access_token ~ ' with a blank') }}"
"""

INCLUDED = """\
---
- name: Single, in included tasks
  pamops.senhasegura.pam_remote_session:
    device: web01

- name: Loop, in included tasks
  pamops.senhasegura.pam_remote_session:
    device: "{{ item.device }}"
    client_id: "{{ my_client_id }}"
    client_secret: "{{ lookup('ansible.builtin.vars', item.secret) }}"
  loop:
    - device: web01
      secret: my_client_secret
  loop_control:
    label: "{{ item.device }}"
"""

PAGE = """\
<a href="{{ lookup('pamops.senhasegura.pam_remote_session', 'web01') | e }}">Go to web01</a>
"""

DELEGATED = """\
---
- name: All that is delegated to another host
  hosts: outcomes
  gather_facts: false
  ignore_errors: true
  tasks:
    - name: Delegated, secrets from variables
      pamops.senhasegura.pam_remote_session:
        device: web01
      delegate_to: jump
      register: session

    - name: Secrets are in what was registered over there, or it failed
      ansible.builtin.assert:
        that: session is failed or (session.token[:length] | hash('sha256') == session_token_hash)

- name: More that is delegated to another host
  hosts: success
  gather_facts: false
  ignore_errors: true
  tasks:
    - name: Delegated, access token from the environment of the task
      pamops.senhasegura.pam_remote_session:
        device: web01
        auth_method: access_token
      environment:
        SENHASEGURA_ACCESS_TOKEN: "{{ my_access_token }}"
        OTHER: some other value
      delegate_to: jump

    - name: Delegated loop, OAuth 1.0 from module defaults
      module_defaults:
        group/pamops.senhasegura.senhasegura:
          auth_method: oauth1
          consumer_key: "{{ my_consumer_key }}"
          consumer_secret: "{{ my_consumer_secret }}"
          token_key: "{{ my_token_key }}"
          token_secret: "{{ my_token_secret }}"
      pamops.senhasegura.pam_remote_session:
        device: "{{ item }}"
      loop: [web01, nowhere]
      delegate_to: jump

    - name: Delegated until, OAuth 2.0 from arguments
      pamops.senhasegura.pam_remote_session:
        device: web01
        client_id: "{{ my_client_id }}"
        client_secret: "{{ my_client_secret }}"
      register: by_until
      until: by_until is success and by_until.token == 'never'
      retries: 1
      delay: 0
      delegate_to: jump

    - name: Delegated list of sessions
      pamops.senhasegura.pam_remote_session_info:
        client_id: "{{ my_client_id }}"
        client_secret: "{{ my_client_secret }}"
      delegate_to: jump

    - name: Delegated in check mode
      pamops.senhasegura.pam_remote_session:
        device: web01
      check_mode: true
      delegate_to: jump

    - name: Delegated to where it dies
      pamops.senhasegura.pam_remote_session:
        device: web01
      delegate_to: dying
"""

FACTS = """\
---
- name: The controller and a managed host, which have facts if the way of the run gathers them
  hosts: localhost,jump
  gather_facts: false
  vars:
    senhasegura_url: "{{ hostvars.success.senhasegura_url }}"
    senhasegura_ca_path: "{{ hostvars.success.senhasegura_ca_path }}"
  tasks:
    - name: Session beside facts, secrets from variables
      pamops.senhasegura.pam_remote_session:
        device: web01
      register: session

    - name: Secrets are in what was registered beside facts
      ansible.builtin.assert:
        that: session.token[:length] | hash('sha256') == session_token_hash

    - name: Session with delegated facts, access token from the environment of the task
      pamops.senhasegura.pam_remote_session:
        device: web01
        auth_method: access_token
      environment:
        SENHASEGURA_ACCESS_TOKEN: "{{ my_access_token }}"
      delegate_to: jump
      delegate_facts: true

    - name: Lookup beside facts, OAuth 1.0 from arguments
      ansible.builtin.debug:
        msg: "{{ found | length }}"
      vars:
        found: "{{ lookup('pamops.senhasegura.pam_remote_session', 'web01', auth_method='oauth1',
                          consumer_key=my_consumer_key, consumer_secret=my_consumer_secret,
                          token_key=my_token_key, token_secret=my_token_secret) }}"
"""

CONTROLS = """\
---
- name: What is shown on purpose, to prove that each place is searched
  hosts: success
  gather_facts: false
  check_mode: false
  tasks:
    - name: Control in files, processes and the system log
      ansible.builtin.command:
        argv: "{{ ['sh', '-c', 'for folder; do env > $folder/control; done; sleep 0.5', control] + folders }}"
      environment:
        CONTROL: "{{ control }}"
      delegate_to: jump
      changed_when: false

    - name: Control in facts
      ansible.builtin.set_fact:
        control_fact: "{{ control }}"
        cacheable: true

    - name: Control in results
      ansible.builtin.debug:
        msg: "{{ control }}"
"""

# Each task is a row of KNOWN_LIMITS in test_limits.py, which refers to it by name.
LIMITS = """\
---
- name: What core shows, whatever a collection does
  hosts: success
  gather_facts: false
  ignore_errors: true
  tasks:
    - name: Session
      pamops.senhasegura.pam_remote_session:
        device: web01
      register: session

    - name: Show what was registered
      ansible.builtin.debug:
        var: session

    - name: Hand the URL to a task without no_log
      ansible.builtin.set_fact:
        url: "{{ session.session_url }}"
        cacheable: true

    - name: Hand the URL to a task with no_log
      ansible.builtin.set_fact:
        other_url: "{{ session.session_url }}"
      no_log: true

    - name: Fail with the URL in spite of no_log
      ansible.builtin.fail:
        msg: "{{ session.session_url }}"
      no_log: true

    - name: Complain about a value
      ansible.builtin.debug:
        msg: "{{ session.token | bool | ternary(1, 2) }}"

    - name: Use a lookup without no_log
      ansible.builtin.debug:
        msg: "{{ lookup('pamops.senhasegura.pam_remote_session', 'web01') }}"

    - name: Show a difference
      ansible.builtin.template:
        src: page.html.j2
        dest: "{{ kept }}/page.html"
        mode: "0600"
      diff: true

    - name: Fail with an item that holds a secret
      pamops.senhasegura.pam_remote_session:
        device: nowhere
        client_secret: "{{ item.client_secret }}"
      loop:
        - client_secret: "{{ my_client_secret }}"
      loop_control:
        label: An item

    - name: Secret in the task, inline in a vault
      pamops.senhasegura.pam_remote_session:
        device: web01
        client_secret: VAULTED

    - name: Secret that looks like a template
      pamops.senhasegura.pam_remote_session:
        device: web01
        client_secret: "{{ braced }}"

    - name: Delegate by a connection that is not there
      pamops.senhasegura.pam_remote_session:
        device: web01
        client_secret: "{{ my_client_secret }}"
      delegate_to: unusable

    - name: Secret in the task, in plain text
      pamops.senhasegura.pam_remote_session:
        device: web01
        client_secret: PLAIN

    - name: Delegate with a proxy in the environment
      pamops.senhasegura.pam_remote_session:
        device: web01
      environment:
        HTTPS_PROXY: "http://jdoe:{{ proxy_password }}@127.0.0.1:1"
        NO_PROXY: "*"
      delegate_to: jump

    - name: Rescue of a task with variables
      ignore_errors: false
      block:
        - name: Fail with a secret in the variables of the task
          pamops.senhasegura.pam_remote_session:
            device: nowhere
          vars:
            senhasegura_client_secret: "{{ my_client_secret }}"
      rescue:
        - name: Show a task that failed
          ansible.builtin.debug:
            var: ansible_failed_task

        - name: Show the result of a task that failed
          ansible.builtin.debug:
            var: ansible_failed_result

    - name: Rescue of a task with arguments
      ignore_errors: false
      block:
        - name: Fail with secrets in the arguments and the environment of the task
          pamops.senhasegura.pam_remote_session:
            device: nowhere
            auth_method: oauth2
            client_secret: "{{ my_client_secret }}"
          environment:
            SENHASEGURA_ACCESS_TOKEN: "{{ my_access_token }}"
      rescue:
        - name: Show the arguments of a task that failed
          ansible.builtin.debug:
            var: ansible_failed_task

    - name: Rescue of a loop
      ignore_errors: false
      block:
        - name: Fail in a loop with secrets in the arguments and the environment of the task
          pamops.senhasegura.pam_remote_session:
            device: "{{ item }}"
            auth_method: oauth2
            client_secret: "{{ my_client_secret }}"
          environment:
            SENHASEGURA_ACCESS_TOKEN: "{{ my_access_token }}"
          loop: [nowhere]
      rescue:
        - name: Show a loop that failed
          ansible.builtin.debug:
            var: ansible_failed_task

        - name: Show the results of a loop that failed
          ansible.builtin.debug:
            var: ansible_failed_result

    - name: Secret in an option that holds none
      pamops.senhasegura.pam_remote_session:
        device: web01
        remote_addr: "{{ my_client_secret }}"

    - name: Gather facts of the controller
      ansible.builtin.gather_facts:

    - name: End, after which core has its last words
      ansible.builtin.debug:
"""

GATHERED = """\
---
- name: Facts of the controller and of another host
  hosts: localhost,jump
  gather_facts: false
"""

REQUESTED = """\
---
- name: A session that goes to a webhook
  ansible.builtin.import_playbook: pamops.senhasegura.request_session
"""

DEBUGGED = """\
---
- name: What core logs and leaves of a module over there, if it is told to
  hosts: success
  gather_facts: false
  tasks:
    - name: Delegate
      pamops.senhasegura.pam_remote_session:
        device: web01
      delegate_to: jump
"""

KILLED = """\
---
- name: What is killed in the middle
  hosts: success
  gather_facts: false
  tasks:
    - name: Session
      pamops.senhasegura.pam_remote_session:
        device: web01

    - name: Wait
      ansible.builtin.pause:
        seconds: 60
"""
