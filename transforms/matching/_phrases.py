"""SQL for what two people's values have in common, over `<column>_l` and `<column>_r`."""

from __future__ import annotations

HALVES = ("left", "right")


def same(column: str) -> str:
    return f"{column}_l = {column}_r"


def slip(column: str, edits: int = 1) -> str:
    """Asked of few: of two texts one letter apart, one half is the same; to look closer is dear."""
    one, other = f"{column}_l", f"{column}_r"
    near = f"abs(length({one}) - length({other})) <= {edits}"
    if edits == 1:
        half = f"(least(length({one}), length({other})) - 1) // 2"
        near += (
            f" and ({' or '.join(f'{f}({one}, {half}) = {f}({other}, {half})' for f in HALVES)})"
        )
    return f"(case when {near} then damerau_levenshtein({one}, {other}) <= {edits} else false end)"


def alike(column: str, least: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}"


def among(column: str, other: str) -> str:
    """The name stands somewhere among the other's names, but not as their `other` name."""
    return (
        f"(list_contains(names_r, {column}_l) and {column}_l is distinct from {other}_r)"
        f" or (list_contains(names_l, {column}_r) and {column}_r is distinct from {other}_l)"
    )


def mistyped(name: str) -> str:
    """One letter makes another name of a short one (Ali, Alp); letters in another order do not."""
    letters = (f"list_sort(string_split({name}_{side}, ''))" for side in "lr")
    return f"(length({name}_l) >= 4 and {slip(name)}) or {' = '.join(letters)}"


SWAPPED = "first_l = last_r and last_l = first_r"
# Another digit makes another mailbox: those of one name are told apart by it.
SAME_DIGITS = "numbers_l = numbers_r and length(split_part(email_l, '@', 1)) >= 4"
SWAPPED_DAY = (
    "(left(born_l, 4) = left(born_r, 4) and substr(born_l, 5, 2) = substr(born_r, 7, 2)"
    " and substr(born_l, 7, 2) = substr(born_r, 5, 2))"
)
# The same street and number are in every town.
TOWN = "not coalesce(city_l <> city_r and postcode_l is distinct from postcode_r, false)"
