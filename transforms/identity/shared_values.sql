-- One row per value that strangers share (role mailboxes, counter phones, relay addresses),
-- known by its name or by how many differently named people use it.
with named as (
    select
        type,
        value,
        count(distinct list_sort(name_words)) as names
    from identity.keys
    group by type, value
)

select
    type,
    value,
    names
from named
where
    names > 4
    or (
        type = 'email'
        and regexp_matches(
            value,
            '^(info|muhasebe|satis|siparis|destek|iletisim|bilgi|no-?reply|admin|sales)@'
        )
    )
