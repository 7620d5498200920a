"""People as they are compared: one row per profile, without the values that strangers share, with
the shares of its common values."""

from __future__ import annotations

from transforms.matching._fields import TERMS

FEW = 30  # people: of so few a name tells no more than of thirty, and no less
PLAIN = ("company", "names", "first", "last", "middle", "tax", "valid_tax", "born")
PLACE = ("road", "house", "city", "postcode")
MAILBOX = ("email", "digits", "numbers", "domain")


def profiles(shared: str, people: str = "matching.people") -> str:
    """SELECT of one row per profile: all its records say the same. `shared`: a relation of type and
    value. `people`: of matching.people, all records of some profiles."""
    said = [*PLAIN, *PLACE, *MAILBOX, "is_company", "is_role", "phone"]
    mailbox = ", ".join(f"case when is_own then {column} end as {column}" for column in MAILBOX)
    return f"""
        with several as (
            select profile, count(*) as records, min(record) as record from {people}
            group by profile having count(*) > 1
        ),
        grouped as (
            select people.profile, {", ".join(f"people.{column}" for column in said)},
                coalesce(several.records, 1) as records
            from {people} as people
            left join several on people.profile = several.profile
            where several.record is null or several.record = people.record
        ),
        judged as (
            select grouped.*, phones.value is null as is_own_phone,
                -- many write from a role mailbox; of a company's own record it is its address
                emails.value is null and (is_company or not is_role) as is_own
            from grouped
            left join {shared} as emails on emails.type = 'email' and email = emails.value
            left join {shared} as phones on phones.type = 'phone' and phone = phones.value
        )
        select * exclude (is_role, is_own, is_own_phone)
            replace ({mailbox}, case when is_own_phone then phone end as phone)
        from judged
    """


def with_shares(people: str, terms: str, count: int) -> str:
    """SELECT of `people` with tf_<column>, the share of people that have the same there.

    `terms`: a relation of field, value and share; what is not in it few have. `count`: of the
    people when the terms were counted.
    """
    rare = 1.5 / max(count, FEW)
    shares = ", ".join(
        f"case when people.{column} is not null then coalesce(of_{column}.share, {rare})"
        f" end as tf_{column}"
        for column in TERMS
    )
    joins = " ".join(
        f"left join {terms} as of_{column} on of_{column}.field = '{_terms_of(column)}'"
        f" and people.{column} = of_{column}.value"
        for column in TERMS
    )
    return f"""
        with said as materialized (from {people}),
        -- on their own: each join would carry all that is said
        shares as (
            select people.profile, {shares}
            from (select profile, {", ".join(TERMS)} from said) as people {joins}
        )
        select said.*, shares.* exclude (profile)
        from said inner join shares on said.profile = shares.profile
    """


def _terms_of(column: str) -> str:
    """First and last names are counted together: which is which is often mistaken."""
    return "name" if column in ("first", "last") else column
