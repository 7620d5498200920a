-- One row per system that asks for audiences and customer who is in one of them: what may leave. An
-- overdue payer is a fact of the books; all else is marketing, for those who consent to it on some
-- channel and owe nothing that is late. Kept as a table: each tool reads it.
with asked as (
    select
        system,
        unnest(audiences) as audience
    from ops.publishing
),

members as (
    select
        *,
        audience <> 'overdue_payer' as is_marketing,
        may_be_promoted_to and (may_email or may_sms or may_call) as may_be_addressed
    from activation.audiences
),

leaving as (
    select
        asked.system,
        members.*
    from asked
    inner join members on asked.audience = members.audience
    where not members.is_marketing or members.may_be_addressed
)

select
    system,
    customer_id,
    array_to_string(list_sort(list(audience)), ', ') as audiences,
    any_value(may_email) filter (where is_marketing) as may_email,
    any_value(may_sms) filter (where is_marketing) as may_sms,
    any_value(may_call) filter (where is_marketing) as may_call
from leaving
group by system, customer_id
