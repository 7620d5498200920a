-- One row per day and currency that has a rate: what one unit costs in the company's currency.
select * from staging.exchange_rates
