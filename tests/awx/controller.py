# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A replacement for AWX's API: the part that the modules of awx.awx need for awx_setup.yml.

It rejects the same things as AWX 24.6: unknown fields and injectors of a credential type, templates with unknown names,
inputs that the credential type lacks, a playbook that the project lacks, incomplete survey questions, and changed
inputs of a credential type in use."""

from __future__ import annotations

import asyncio
import json
import threading
import typing as t
from collections.abc import Callable

import jsonschema
from aiohttp import web
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Item = dict[str, t.Any]

HIDDEN = "$encrypted$"
NAME = "^[a-zA-Z_]+[a-zA-Z0-9_]*$"

INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "label"],
                "properties": {
                    "id": {"type": "string", "pattern": NAME},
                    "type": {"enum": ["string", "boolean"]},
                    "format": {"enum": ["ssh_private_key", "url"]},
                    "choices": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": True},
                    "label": {"type": "string"},
                    "help_text": {"type": "string"},
                    "multiline": {"type": "boolean"},
                    "secret": {"type": "boolean"},
                    "default": {},
                },
            },
        },
    },
}
INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {r"^template(\.[a-zA-Z_]+[a-zA-Z0-9_]*)?$": {"type": "string"}},
        },
        "env": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {NAME: {"type": "string", "pattern": "^[\x00-\x7f]*$"}},
        },
        "extra_vars": {"type": "object"},
    },
}

# The defaults of an item
DEFAULTS: dict[str, Item] = {
    "organizations": {},
    "credential_types": {"description": "", "managed": False, "inputs": {}, "injectors": {}},
    "credentials": {"description": "", "organization": None, "inputs": {}},
    "execution_environments": {"description": "", "organization": None, "pull": "", "credential": None},
    "projects": {
        "description": "",
        "scm_branch": "",
        "credential": None,
        "allow_override": False,
        "scm_revision": "c0ffee",
    },
    "inventories": {"description": "", "kind": "", "host_filter": None, "variables": ""},
    "hosts": {"description": "", "enabled": True, "variables": ""},
    "instance_groups": {},
    "job_templates": {"description": "", "survey_enabled": False, "extra_vars": "", "execution_environment": None},
}
UNIQUE = {"hosts": "inventory", "projects": "organization", "inventories": "organization"}


class Refused(Exception):
    def __init__(self, status: int, body: t.Any) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


class Controller:
    """A running replacement, as a context manager. Every project has these *playbooks*."""

    def __init__(self, playbooks: list[str], token: str = "token-of-the-controller") -> None:
        self.token = token
        self.playbooks = playbooks
        self.items: dict[str, dict[int, Item]] = {kind: {} for kind in DEFAULTS}
        self.secrets: dict[int, Item] = {}
        """The inputs of each credential, unencrypted."""
        self.surveys: dict[int, Item] = {}
        self.associations: dict[tuple[int, str], list[int]] = {}
        self.changes: list[str] = []
        """Requests other than GET."""
        self.url = ""
        self._last = 0
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.add("organizations", {"name": "Default"})

    def __enter__(self) -> Controller:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._loop and self._stop
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def add(self, kind: str, given: Item) -> Item:
        self._last += 1
        item = {**DEFAULTS[kind], **given, "id": self._last, "type": kind}
        self.items[kind][self._last] = item
        return item

    def only(self, kind: str, name: str) -> Item:
        (item,) = [item for item in self.items[kind].values() if item["name"] == name]
        return item

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application()
        # In Automation Platform, a gateway precedes the controller.
        for prefix in ("/api/v2", "/api/controller/v2"):
            application.router.add_route("*", prefix + "/{path:.*}", self._answer)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        headers = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"detail": "Authentication credentials were not provided."}, status=401)
        parts = request.match_info["path"].strip("/").split("/")
        self._prefix = request.path[: -len(request.match_info["path"])]
        given = await request.json() if request.can_read_body else {}
        if request.method != "GET":
            self.changes.append(f"{request.method} {'/'.join(parts)}")
        try:
            status, body = self._dispatch(request.method, parts, given, dict(request.query))
        except Refused as exc:
            status, body = exc.status, exc.body
        if status == 204:
            return web.Response(status=status, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    def _dispatch(self, method: str, parts: list[str], given: Item, query: dict[str, str]) -> tuple[int, t.Any]:
        match [method, *parts]:
            case ["GET", "project_updates", number]:
                return 200, {"id": int(number), "status": "successful", "failed": False}
            case ["GET", kind] if kind in self.items:
                found = [self._shown(kind, item) for item in self.items[kind].values() if _fits(item, query)]
                return 200, {"count": len(found), "next": None, "previous": None, "results": found}
            case ["POST", kind] if kind in self.items:
                return 201, self._shown(kind, self._create(kind, given))
            case ["GET", kind, number] if kind in self.items:
                return 200, self._shown(kind, self._item(kind, number))
            case ["PATCH", kind, number] if kind in self.items:
                return 200, self._shown(kind, self._change(kind, self._item(kind, number), given))
            case ["GET", "job_templates", number, "survey_spec"]:
                return 200, self.surveys.get(int(number), {})
            case ["POST", "job_templates", number, "survey_spec"]:
                _check_survey(given)
                self.surveys[int(number)] = given
                return 200, {}
            case ["GET", "job_templates", number, ("credentials" | "instance_groups") as kind]:
                items = [self._shown(kind, self._item(kind, other)) for other in self._associated(number, kind)]
                return 200, {"count": len(items), "next": None, "previous": None, "results": items}
            case ["POST", "job_templates", number, ("credentials" | "instance_groups") as kind]:
                if given.get("disassociate"):
                    self._associated(number, kind).remove(given["id"])
                else:
                    self._associated(number, kind).append(self._item(kind, given["id"])["id"])
                return 204, None
        raise Refused(404, {"detail": f"Not found: {method} {'/'.join(parts)}"})

    def _item(self, kind: str, number: t.Any) -> Item:
        try:
            return self.items[kind][int(number)]
        except KeyError:
            raise Refused(404, {"detail": "Not found."}) from None

    def _associated(self, number: t.Any, kind: str) -> list[int]:
        return self.associations.setdefault((int(number), kind), [])

    def _create(self, kind: str, given: Item) -> Item:
        given = _without_null(kind, given)
        scope = UNIQUE.get(kind, "")
        for other in self.items[kind].values():
            if other["name"] == given["name"] and other.get(scope) == given.get(scope):
                raise Refused(400, {"__all__": [f"{kind} with this name already exists."]})
        item: Item = {**DEFAULTS[kind], **given}
        self._check(kind, item, None)
        return self.add(kind, self._kept(kind, item, self._last + 1))

    def _change(self, kind: str, item: Item, given: Item) -> Item:
        changed = {**item, **_without_null(kind, given)}
        self._check(kind, changed, item)
        item.update(self._kept(kind, changed, item["id"]))
        return item

    def _kept(self, kind: str, item: Item, number: int) -> Item:
        """Responses do not contain secrets. If a client sends the placeholder back, the secret stays the same."""
        if kind != "credentials":
            return item
        secret = {field["id"] for field in self._type_of(item)["inputs"]["fields"] if field.get("secret")}
        known = self.secrets.get(number, {})
        self.secrets[number] = {
            name: known[name] if value == HIDDEN else value for name, value in item["inputs"].items()
        }
        shown = {name: HIDDEN if name in secret and value else value for name, value in item["inputs"].items()}
        return {**item, "inputs": shown}

    def _type_of(self, credential: Item) -> Item:
        return self._item("credential_types", credential["credential_type"])

    def _check(self, kind: str, item: Item, before: Item | None) -> None:
        checks: dict[str, Callable[[Item, Item | None], None]] = {
            "credential_types": self._check_credential_type,
            "credentials": self._check_credential,
            "job_templates": self._check_job_template,
        }
        if kind in checks:
            checks[kind](item, before)

    def _check_credential_type(self, item: Item, before: Item | None) -> None:
        used = before and any(other["credential_type"] == before["id"] for other in self.items["credentials"].values())
        if before and used and item["inputs"] != before["inputs"]:
            raise Refused(403, {"detail": "Modifications to inputs are not allowed for types that are in use"})
        check_credential_type(item)

    def _check_credential(self, item: Item, before: Item | None) -> None:
        inputs = self._type_of(item)["inputs"]
        unknown = set(item["inputs"]) - {field["id"] for field in inputs["fields"]}
        missing = [name for name in inputs.get("required", []) if not item["inputs"].get(name)]
        if unknown or missing:
            raise Refused(400, {"inputs": {"unknown": sorted(unknown), "missing": missing}})

    def _check_job_template(self, item: Item, before: Item | None) -> None:
        for field, kind in (("project", "projects"), ("inventory", "inventories")):
            self._item(kind, item[field])
        if item["playbook"] not in self.playbooks:
            raise Refused(400, {"playbook": ["Playbook not found for project."]})

    def _shown(self, kind: str, item: Item) -> Item:
        """An item with the fields that AWX adds. A new project is updated first. A job template gets its project's
        organization."""
        url = f"{self._prefix}{kind}/{item['id']}/"
        shown = {**item, "url": url, "related": {}, "summary_fields": {}}
        if kind == "projects":
            shown["summary_fields"] = {"current_update": {"id": 1}}
        if kind == "job_templates":
            shown["related"] = {"survey_spec": f"{url}survey_spec/"}
            shown["organization"] = self._item("projects", item["project"])["organization"]
        return shown


def _fits(item: Item, query: dict[str, str]) -> bool:
    either = {name[4:]: value for name, value in query.items() if name.startswith("or__")}
    every = {name: value for name, value in query.items() if not name.startswith("or__")}
    return all(str(item.get(name)) == value for name, value in every.items()) and (
        not either or any(str(item.get(name)) == value for name, value in either.items())
    )


def _without_null(kind: str, given: Item) -> Item:
    """Null has the same effect as the default."""
    return {name: DEFAULTS[kind].get(name) if value is None else value for name, value in given.items()}


def check_credential_type(item: Item) -> None:
    """Raise :class:`Refused` for a credential type that AWX would reject."""
    try:
        jsonschema.validate(item["inputs"], INPUTS)
        jsonschema.validate(item["injectors"], INJECTORS)
    except jsonschema.ValidationError as exc:
        raise Refused(400, {"inputs or injectors": exc.message}) from exc
    fields = item["inputs"].get("fields", [])
    if len({field["id"] for field in fields}) != len(fields):
        raise Refused(400, {"inputs": "field IDs must be unique"})
    if item.get("kind") not in ("cloud", "net"):
        raise Refused(400, {"kind": "Must be 'cloud' or 'net'"})
    for variable in item["injectors"].get("env", {}):
        if variable.startswith("ANSIBLE_"):
            raise Refused(400, {"injectors": f"{variable} is not allowed in credentials."})
    files = [name.partition(".")[2] for name in item["injectors"].get("file", {})]
    if len(files) > 1 and "" in files:
        raise Refused(400, {"injectors": "Must use multi-file syntax when injecting multiple files"})
    known: Item = {field["id"]: "EXAMPLE" for field in fields}
    known["tower"] = {"filename": "FILE" if files == [""] else dict.fromkeys(files, "FILE")}
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for kind, templates in item["injectors"].items():
        for name, template in templates.items():
            try:
                sandbox.from_string(template).render(known)
            except TemplateError as exc:
                raise Refused(400, {"injectors": f"{kind} {name}: {exc}"}) from exc


QUESTION_TYPES: dict[t.Any, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (int, float),
}


def _check_survey(survey: Item) -> None:
    wrong = [
        name for name, kind in (("name", str), ("description", str), ("spec", list)) if not _is(survey, name, kind)
    ]
    variables = set()
    for question in survey.get("spec", []):
        wrong += [name for name in ("type", "question_name", "variable") if not _is(question, name, str)]
        wrong += [] if _is(question, "required", bool) else ["required"]
        variables.add(question.get("variable"))
        kind = question.get("type")
        if kind not in QUESTION_TYPES:
            wrong.append(f"type {kind}")
        elif question.get("default", "") != "" and not isinstance(question["default"], QUESTION_TYPES[kind]):
            wrong.append("default")
        if kind in ("multiplechoice", "multiselect"):
            choices = question.get("choices")
            choices = choices.splitlines() if isinstance(choices, str) else choices
            if not choices or question.get("default") not in (None, "", *choices):
                wrong.append("choices")
    if wrong or not survey["spec"] or len(variables) != len(survey["spec"]):
        raise Refused(400, {"error": f"Survey: {wrong}"})


def _is(mapping: Item, name: str, kind: type) -> bool:
    return isinstance(mapping.get(name), kind)


def parsed(text: str) -> t.Any:
    """Variables as AWX stores them."""
    return json.loads(text) if text else {}
