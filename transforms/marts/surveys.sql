-- One row per answer to a survey, with the customer who gave it.
select
    surveys.survey_record as survey_id,
    mentions.customer_id,
    surveys.system,
    surveys.key as survey_key,
    surveys.kind,
    surveys.score,
    surveys.answered_at,
    surveys.answered_at::date as answered_on,
    mentions.order_record as order_id,
    surveys.comment,
    surveys.channel
from staging.surveys as surveys
left join identity.mentions as mentions on surveys.survey_record = mentions.reference
where mentions.customer_id is null or is_touched(mentions.customer_id)
