-- One row per thing that happened between a person and the company, of any system.
select * from staging.hubspot_interactions
union all by name
select * from staging.canonical_interactions
