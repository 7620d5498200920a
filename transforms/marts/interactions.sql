-- One row per thing that happened between a person and the company, with the customer.
select
    interactions.interaction_record as interaction_id,
    mentions.customer_id,
    interactions.system,
    interactions.key as interaction_key,
    interactions.kind,
    interactions.occurred_at,
    interactions.occurred_at::date as occurred_on,
    interactions.visitor_id,
    interactions.channel,
    interactions.campaign,
    interactions.direction,
    interactions.system || '/products/' || interactions.product_id as product_id,
    interactions.product_id as product_key,
    interactions.url,
    interactions.subject,
    interactions.outcome,
    interactions.agent,
    interactions.duration_seconds
from staging.interactions as interactions
left join identity.mentions as mentions on interactions.interaction_record = mentions.reference
where mentions.customer_id is null or is_touched(mentions.customer_id)
