-- One row per month and kind of survey (nps, csat, ces): answers and their mean. Of NPS also the
-- share of promoters (9 and 10) less that of detractors (0 to 6), in points from -100 to 100. Needs
-- a feed of surveys; empty without one.
with answers as (
    select
        date_trunc('month', answered_on)::date as month,
        kind,
        score
    from marts.surveys
    where kind in ('nps', 'csat', 'ces') and score is not null and answered_on is not null
),

months as (
    select
        month,
        kind,
        count(*) as answer_count,
        round(avg(score), 4) as mean_score,
        count(*) filter (where kind = 'nps' and score >= 9) as promoter_count,
        count(*) filter (where kind = 'nps' and score <= 6) as detractor_count
    from answers
    group by month, kind
)

select
    month,
    kind,
    answer_count,
    mean_score,
    promoter_count,
    detractor_count,
    if(kind = 'nps', round(100 * (promoter_count - detractor_count) / answer_count, 2), null) as nps
from months
