-- One row per day, channel and campaign of a system: what was spent.
select
    _system as system,
    day,
    channel,
    campaign,
    amount,
    currency,
    impressions,
    clicks
from raw_canonical.marketing_costs
where _change is null
