-- One row per day and currency that has a rate: what one unit costs in the company's currency. A
-- rate in another currency is crossed over that: a company in EUR can use a bank's rates in TRY.
with rates as (
    select
        _system as system,
        day,
        currency,
        quote_currency,
        rate
    from raw_canonical.exchange_rates
    where _change is null and rate > 0
),

-- one unit of what others are priced in costs one of it
units as (
    select distinct
        system,
        day,
        quote_currency as currency,
        quote_currency,
        1 as rate
    from rates
),

prices as (
    select * from rates
    union all by name
    select * from units
),

crossed as (
    select
        priced.day,
        priced.currency,
        (priced.rate / own.rate)::decimal(18, 8) as rate,
        -- of several the straight one counts, then that of the first system
        row_number() over (
            partition by priced.day, priced.currency
            order by
                priced.quote_currency <> companies.currency, priced.quote_currency, priced.system
        ) as place
    from prices as priced
    inner join prices as own
        on
            priced.system = own.system
            and priced.day = own.day
            and priced.quote_currency = own.quote_currency
    inner join ops.company as companies on own.currency = companies.currency
    where priced.currency <> companies.currency
)

select
    day,
    currency,
    rate
from crossed
where place = 1
