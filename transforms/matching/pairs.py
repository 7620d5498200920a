"""One row per two profiles that share a key, with what speaks for and against their being one.

`weight` is in bits; is_<field> is the number of the field's level (`_fields.py`), w_<field> what
it is worth. `rule` is the exact identifier they have in common, where that alone is enough.
"""

from __future__ import annotations

import json

from transforms.matching._scoring import LEVELS, WEIGHTS, Settings, scored, weight
from warehouse.build import Context, Part

READS = (
    *("changes.profiles", "matching.comparable", "matching.crowded"),
    *("matching.keys", "matching.version"),
)
CONTENTS = "changes.profiles"  # what the pairs of a profile that is the same depend on
SAME_TAX, SAME_EMAIL = "same tax number", "same e-mail"
LEAST = -6.0  # bits; of pairs below nobody wants to hear
# Two people may share a mailbox, but then they have different names.
NAMES_FIT = """(first_l is null or first_r is null or first_l = first_r
    or list_has_any(names_l, names_r) or jaro_winkler_similarity(first_l, first_r) >= 0.8)"""
KEYS = "(from matching.keys anti join matching.crowded using (key))"
SHARING = f"""(
    select distinct l.profile as l, r.profile as r
    from {KEYS} as l inner join {KEYS} as r on l.key = r.key and l.profile < r.profile
)"""
SHARING_WITH = f"""(
    select distinct least(l.profile, r.profile) as l, greatest(l.profile, r.profile) as r
    from (from {KEYS} semi join {{changed}} using (profile)) as l
    inner join {KEYS} as r on l.key = r.key and l.profile <> r.profile
)"""


def model(context: Context) -> str | Part:
    """Pairs of profiles that were compared before, alike, stay."""
    settings = json.loads(
        context.connection.execute("select settings from matching.version").fetchall()[0][0]
    )
    if changed := context.changed:
        fresh = _weighed(settings, SHARING_WITH.format(changed=changed))
        return Part(fresh, f"l in (from {changed}) or r in (from {changed})")
    return _weighed(settings, SHARING)


def _weighed(settings: Settings, sharing: str) -> str:
    weights = ", ".join([*LEVELS, *(f"{name}::float as {name}" for name in WEIGHTS)])
    return f"""
        with weighed as (
            select *, {weight(settings)} as weight,
                case
                    when valid_tax_l = valid_tax_r then '{SAME_TAX}'
                    when email_l = email_r and {NAMES_FIT} then '{SAME_EMAIL}'
                end as rule
            from ({scored(settings, "matching.comparable", sharing)})
        )
        select l, r, weight::float as weight, rule, {weights} from weighed
        where weight >= {LEAST} or rule is not null
    """
