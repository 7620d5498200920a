-- One row per key that more people have than can be compared: it is used for nobody.
select key from matching.keys
group by key
having count(*) > 60
