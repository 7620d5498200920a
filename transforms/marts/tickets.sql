-- One row per ticket of any system and customer it is about.
select
    tickets.ticket_record as ticket_id,
    mentions.customer_id,
    tickets.system,
    tickets.key as ticket_key,
    tickets.subject,
    tickets.channel,
    tickets.priority,
    tickets.status,
    tickets.opened_at,
    tickets.closed_at,
    tickets.is_open
from staging.tickets as tickets
left join identity.mentions as mentions on tickets.ticket_record = mentions.reference
where mentions.customer_id is null or is_touched(mentions.customer_id)
