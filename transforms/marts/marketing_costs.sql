-- One row per day, channel and campaign of a system: what was spent.
select
    costs.system,
    costs.day,
    costs.channel,
    costs.campaign,
    costs.currency,
    costs.amount,
    (
        costs.amount * if(costs.currency = companies.currency, 1, rates.rate)
    )::decimal(18, 2) as amount_company,
    costs.impressions,
    costs.clicks
from staging.marketing_costs as costs
cross join ops.company as companies
left join staging.daily_rates as rates
    on costs.currency = rates.currency and costs.day = rates.day
