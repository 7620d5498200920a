-- One row per customer of a file system (SFTP or a folder), with what it is given back.
select * exclude (kind)
from activation.customer_facts
where kind = 'files'
