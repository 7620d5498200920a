-- One row per record of a person or company that is still there.
select * exclude (merged_into) from staging.known_records
where merged_into is null
