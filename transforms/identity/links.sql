-- One row per two profiles that are held to be one: `rule` says by what, `weight` how surely, in
-- bits. What people said of two records, what their own system merged and what we created for a
-- customer is beyond doubt.
with latest as (
    select
        left_record,
        right_record,
        arg_max(decision, recorded_at) as decision,
        arg_max(decided_by, recorded_at) as decided_by
    from journal.identity_overrides
    group by all
),

people as (
    select
        record,
        profile
    from matching.people
),

settings as (
    select * from ops.identity
),

found as (
    select
        pairs.l,
        pairs.r,
        coalesce(pairs.rule, 'alike') as rule,
        greatest(pairs.weight, case when pairs.rule is not null then settings.exact end) as weight
    from matching.pairs as pairs
    cross join settings
    where pairs.rule is not null or pairs.weight >= settings.link_from
),

merged as (
    select
        least(gone.profile, kept.profile) as l,
        greatest(gone.profile, kept.profile) as r,
        'merged by its system' as rule,
        settings.certain as weight
    from staging.known_records as records
    inner join people as gone on records.record = gone.record
    inner join people as kept on records.merged_into = kept.record
    cross join settings
    where gone.profile <> kept.profile
),

overruled as (
    select
        least(lefts.profile, rights.profile) as l,
        greatest(lefts.profile, rights.profile) as r,
        if(latest.decided_by = 'Köprü', 'created by us', 'said by a person') as rule,
        settings.certain as weight
    from latest
    inner join people as lefts on latest.left_record = lefts.record
    inner join people as rights on latest.right_record = rights.record
    cross join settings
    where latest.decision = 'same' and lefts.profile <> rights.profile
),

links as (
    select * from found
    union all
    select * from merged
    union all
    select * from overruled
)

select
    l,
    r,
    arg_max(rule, weight) as rule,
    max(weight) as weight
from links
group by l, r
