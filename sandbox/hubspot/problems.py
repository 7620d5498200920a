"""HubSpot's error bodies: category, correlationId and message, sometimes errors and context."""

from __future__ import annotations

import json
import uuid
from typing import Any

from starlette.responses import JSONResponse


class Problem(Exception):
    """A refused request or item; `body` is what HubSpot says about it."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        self.status = status
        self.body = {
            "status": "error",
            "message": message,
            "correlationId": str(uuid.uuid4()),
            "category": category,
            **more,
        }
        super().__init__(message)

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status)

    def item(self, key: str, name: str) -> dict[str, Any]:
        """The same as one entry of a batch's errors[]."""
        known = {"context": {name: [key]}, "links": {}, "errors": []} | self.body
        return {field: value for field, value in known.items() if field != "correlationId"}


def invalid(message: str, **more: Any) -> Problem:
    return Problem(400, "VALIDATION_ERROR", message, **more)


def bad_properties(faults: list[tuple[str, str, str]]) -> Problem:
    """faults: (property, code, message) of every value that cannot be kept."""
    told = [
        {"isValid": False, "message": text, "error": code, "name": name}
        for name, code, text in faults
    ]
    errors = [
        {"message": text, "code": code, "context": {"propertyName": [name]}}
        for name, code, text in faults
    ]
    return invalid(f"Property values were not valid: {json.dumps(told)}", errors=errors)


def exists(record: str) -> Problem:
    return Problem(409, "CONFLICT", f"Contact already exists. Existing ID: {record}")


def not_found(message: str = "resource not found") -> Problem:
    return Problem(404, "OBJECT_NOT_FOUND", message)


def no_token() -> Problem:
    text = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and "
        "you can find more details at https://developers.hubspot.com/docs/methods/auth/"
        "oauth-overview"
    )
    return Problem(401, "INVALID_AUTHENTICATION", text)


def missing_scope(scope: str) -> Problem:
    text = "This app hasn't been granted all required scopes to make this call."
    needed = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [scope]},
    }
    return Problem(403, "MISSING_SCOPES", text, errors=[needed])


def too_many(policy: str) -> Problem:
    said = {"TEN_SECONDLY_ROLLING": "ten_secondly_rolling", "SECONDLY": "secondly"}[policy]
    problem = Problem(429, "RATE_LIMITS", f"You have reached your {said} limit.")
    problem.body |= {"errorType": "RATE_LIMIT", "policyName": policy, "groupName": "sandbox"}
    return problem
