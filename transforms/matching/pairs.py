"""One row per two profiles that share a key, with what speaks for and against their being one.

`weight` is in bits; is_<field> is the number of the field's level (`_fields.py`), w_<field> what
it is worth. `rule` is the exact identifier they have in common, where that alone is enough.
"""

from __future__ import annotations

import json

from transforms.matching._scoring import LEVELS, WEIGHTS, scored, weight
from warehouse.build import Context

READS = ("matching.comparable", "matching.keys", "matching.version")
SAME_TAX, SAME_EMAIL = "same tax number", "same e-mail"
CROWD = 60  # profiles of one key: beyond it says nothing
LEAST = -6.0  # bits; of pairs below nobody wants to hear
# Two people may share a mailbox, but then they have different names.
NAMES_FIT = """(first_l is null or first_r is null or first_l = first_r
    or list_has_any(names_l, names_r) or jaro_winkler_similarity(first_l, first_r) >= 0.8)"""
SHARING = f"""(
    with crowded as (
        select key from matching.keys group by key having count(*) > {CROWD}
    ),
    keys as (
        from matching.keys anti join crowded using (key)
    )
    select distinct l.profile as l, r.profile as r
    from keys as l inner join keys as r on l.key = r.key and l.profile < r.profile
)"""


def model(context: Context) -> str:
    settings = json.loads(
        context.connection.execute("select settings from matching.version").fetchall()[0][0]
    )
    weights = ", ".join([*LEVELS, *(f"{name}::float as {name}" for name in WEIGHTS)])
    return f"""
        with weighed as (
            select *, {weight(settings)} as weight,
                case
                    when valid_tax_l = valid_tax_r then '{SAME_TAX}'
                    when email_l = email_r and {NAMES_FIT} then '{SAME_EMAIL}'
                end as rule
            from ({scored(settings, "matching.comparable", SHARING)})
        )
        select l, r, weight::float as weight, rule, {weights} from weighed
        where weight >= {LEAST} or rule is not null
    """
