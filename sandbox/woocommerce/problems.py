"""The store's own ways to say no, word for word where a real store was heard saying them."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse


class Problem(Exception):
    """A refused request: becomes {"code", "message", "data": {"status", ...}}."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}
        super().__init__(message)

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status)


def invalid(name: str, reason: str, code: str) -> Problem:
    detail = {"code": code, "message": reason, "data": None}
    return Problem(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        params={name: reason},
        details={name: detail},
    )


def not_one_of(name: str, valid: tuple[str, ...]) -> Problem:
    return invalid(name, f"{name} is not one of {', '.join(valid)}.", "rest_not_in_enum")


def no_route() -> Problem:
    text = "No route was found matching the URL and request method."
    return Problem(404, "rest_no_route", text)


def unauthorized(message: str) -> Problem:
    return Problem(401, "woocommerce_rest_authentication_error", message)


def no_customer() -> Problem:
    return Problem(404, "wc_user_invalid_id", "Invalid user ID.")


def no_order() -> Problem:
    return Problem(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
