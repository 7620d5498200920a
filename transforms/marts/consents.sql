-- One row per consent given or taken back: of a feed, or as a customer record has it now.
with records as (
    select
        customers.customer_id,
        records.*
    from staging.records as records
    inner join identity.customers as customers on records.record = customers.record
    where
        coalesce(records.consent_email, records.consent_sms) is not null
        and is_touched(customers.customer_id)
),

emails as (
    select
        concat(record, '/email') as consent_id,
        customer_id,
        system,
        'email' as channel,
        email as recipient,
        consent_email as is_granted,
        consent_email_at as decided_at
    from records
    where consent_email is not null
),

messages as (
    select
        concat(record, '/sms') as consent_id,
        customer_id,
        system,
        'sms' as channel,
        phone as recipient,
        consent_sms as is_granted,
        consent_sms_at as decided_at
    from records
    where consent_sms is not null
),

told as (
    select
        consents.consent_record as consent_id,
        mentions.customer_id,
        consents.system,
        consents.source,
        consents.channel,
        consents.recipient,
        consents.granted as is_granted,
        consents.decided_at
    from staging.consents as consents
    left join identity.mentions as mentions on consents.consent_record = mentions.reference
    where mentions.customer_id is null or is_touched(mentions.customer_id)
),

consents as (
    select * from told
    union all by name
    select * from emails
    union all by name
    select * from messages
)

select * from consents
