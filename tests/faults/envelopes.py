# Copyright (c) 2026, the pamops.senhasegura contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The envelopes of PAM Core's responses."""

from __future__ import annotations

import typing as t


def minimal(status: int, message: str, error: bool = True, **more: t.Any) -> dict[str, t.Any]:
    """The envelope up to version 3.32."""
    response = {"status": status, "mensagem": message, "erro": error, "message": message, "error": error}
    return {"response": response, **more}


def full(status: int, message: str, error_code: int = 0, error: bool = True, **more: t.Any) -> dict[str, t.Any]:
    """The envelope from version 3.33 on."""
    response = {
        "status": status,
        "message": message,
        "error": error,
        "error_code": error_code,
        "detail": "",
        "mensagem": message,
        "erro": error,
        "cod_erro": error_code,
    }
    return {"code": status, "response": response, "tenant": "acme", **more}


def numbered(status: int, code: int, text: str, blank: str = " ") -> dict[str, t.Any]:
    """A full envelope with an exception. Its code also precedes the message."""
    message = f"{code}:{blank}{text}"
    return full(status, message, 1, exception={"code": code, "message": message, "detail": None})


NO_RESOURCE = full(404, "Resource sub not found", 1)
NO_ROUTE = {"message": "no Route matched with those values"}
