-- One row per known record in the form records are compared in: folded names, the road and house
-- of an address, valid identifiers. Records with the same `profile` say the same of somebody who
-- can be recognised by it: they are compared as one. Who says something else has another profile:
-- pairs of profiles that were compared need not be compared again. (md5, because DuckDB's own hash
-- is the same for some texts that differ in two letters.)
with records as (
    select * from staging.known_records
    where is_touched(record)
),

identifiers as (
    select * from staging.identifiers
),

told_apart as (
    select distinct unnest([left_record, right_record]) as record
    from journal.identity_overrides
    where decision = 'not_same'
),

folded as (
    -- i, I, dotted and dotless fold to one letter: people write all four for the same name
    select
        record,
        lower(strip_accents(translate(name, 'İIı', 'iii'))) as name,
        lower(strip_accents(translate(first_name, 'İIı', 'iii'))) as first_name,
        lower(strip_accents(translate(last_name, 'İIı', 'iii'))) as last_name,
        lower(strip_accents(translate(company, 'İIı', 'iii'))) as company,
        lower(strip_accents(translate(address, 'İIı', 'iii'))) as address,
        lower(strip_accents(translate(city, 'İIı', 'iii'))) as city,
        lower(regexp_replace(postcode, '\s+', '', 'g')) as postcode,
        left(upper(regexp_replace(tax_number, '[^0-9A-Za-z]+', '', 'g')), 30) as tax_number,
        strftime(birth_date, '%Y%m%d') as born
    from records
),

words as (
    select
        folded.*,
        -- bounded: comparing two texts takes the product of their lengths
        regexp_extract_all(left(name, 120), '[a-z0-9]{1,40}') as names,
        regexp_extract_all(left(first_name, 60), '[a-z0-9]{1,40}') as firsts,
        regexp_extract_all(left(last_name, 60), '[a-z0-9]{1,40}') as lasts,
        list_filter(
            regexp_extract_all(left(coalesce(company, name), 120), '[a-z0-9]+'),
            lambda word: word not in (
                'as', 'a', 's', 'ltd', 'sti', 'limited', 'sirketi', 'anonim', 'san', 'sanayi', 've',
                'tic', 'ticaret', 'inc', 'gmbh', 'llc', 'co', 'company', 'corp', 'the'
            )
        ) as firm,
        regexp_extract_all(left(address, 160), '[a-z]+|[0-9]+') as places
    from folded
),

parts as (
    select
        record,
        coalesce(
            company = name
            or (name is null and company is not null)
            or (
                company is null
                and regexp_matches(name, '\b(a\. ?s\.|ltd|sti|limited|anonim)\b|\ba\. ?s\.$| as$')
            ),
            false
        ) as is_company,
        names,
        case
            when is_company then null
            when len(firsts) > 0 then firsts[1]
            when coalesce(len(lasts), 0) = 0 then names[1]
        end as first,
        case
            when is_company then null
            when len(lasts) > 0 then lasts[-1]
            when coalesce(len(firsts), 0) = 0 and len(names) > 1 then names[-1]
        end as last,
        case
            when is_company or company is not null then nullif(array_to_string(firm, ' '), '')
        end as company,
        case when len(list_distinct(string_split(tax_number, ''))) > 1 then tax_number end as tax,
        born,
        nullif(array_to_string(list_filter(places, lambda word: word not in (
            'mahallesi', 'mahalle', 'mah', 'mh', 'caddesi', 'cadde', 'cad', 'cd', 'sokagi', 'sokak',
            'sok', 'sk', 'bulvari', 'bulv', 'no', 'daire', 'd', 'kat', 'apt', 'apartmani', 'blok',
            'street', 'st', 'road', 'rd', 'avenue', 'ave', 'place', 'pl', 'close', 'circuit',
            'crescent', 'court', 'drive', 'lane'
        ) and not regexp_full_match(word, '[0-9]+')), ' '), '') as road,
        list_filter(places, lambda word: regexp_full_match(word, '[0-9]+'))[1] as house,
        nullif(left(city, 60), '') as city,
        nullif(left(postcode, 20), '') as postcode
    from words
),

recognised as (
    select
        parts.record,
        parts.is_company,
        parts.company,
        case when not parts.is_company then list_sort(parts.names) end as names,
        parts.first,
        parts.last,
        case
            when parts.first <> parts.last
                then
                    list_filter(
                        parts.names, lambda word: word <> parts.first and word <> parts.last
                    )[1]
        end as middle,
        emails.normal as email,
        nullif(regexp_extract(split_part(emails.normal, '@', 1), '[0-9]{2,}'), '') as digits,
        regexp_replace(emails.normal, '[^0-9]+', '', 'g') as numbers,
        nullif(split_part(emails.normal, '@', 2), '') as domain,
        coalesce(split_part(emails.normal, '@', 1) in (
            'info', 'muhasebe', 'satis', 'siparis', 'destek', 'iletisim', 'bilgi', 'yonetim',
            'satinalma', 'musteri', 'kurumsal', 'no-reply', 'noreply', 'admin', 'sales', 'contact',
            'office', 'support', 'mail'
        ), false) as is_role,
        phones.normal as phone,
        taxes.normal as valid_tax,
        case
            when
                records.tax_number is not null and taxes.normal is null
                and regexp_full_match(parts.tax, '[0-9]{10,11}') then null
            else parts.tax
        end as tax,
        parts.born,
        parts.road,
        parts.house,
        parts.city,
        parts.postcode
    from parts
    inner join records on parts.record = records.record
    left join identifiers as emails
        on emails.type = 'email' and records.email = emails.value
    left join identifiers as phones
        on phones.type = 'phone' and records.phone = phones.value
    left join identifiers as taxes
        on taxes.type = 'tax_number' and records.tax_number = taxes.value
)

select
    recognised.record,
    md5_number_lower(
        concat_ws(
            chr(31),
            case
                when
                    told_apart.record is null and (
                        recognised.valid_tax is not null
                        or (recognised.email is not null and recognised.first is not null)
                    )
                    then ''
                else recognised.record
            end,
            coalesce(recognised.is_company::varchar, ''),
            coalesce(recognised.company, ''),
            coalesce(array_to_string(recognised.names, ' '), ''),
            coalesce(recognised.first, ''),
            coalesce(recognised.last, ''),
            coalesce(recognised.middle, ''),
            coalesce(recognised.email, ''),
            coalesce(recognised.phone, ''),
            coalesce(recognised.tax, ''),
            coalesce(recognised.valid_tax, ''),
            coalesce(recognised.born, ''),
            coalesce(recognised.road, ''),
            coalesce(recognised.house, ''),
            coalesce(recognised.city, ''),
            coalesce(recognised.postcode, '')
        )
    ) as profile,
    recognised.* exclude (record)
from recognised
left join told_apart on recognised.record = told_apart.record
