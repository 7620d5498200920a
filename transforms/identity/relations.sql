-- One row per two customers who belong together without being one: somebody who works for a
-- company (`works_for`: customer_id for related_id), and people of one household.
with people as (
    select
        customers.customer_id,
        people.is_company,
        people.last,
        people.company,
        people.road,
        people.house,
        people.city,
        people.postcode,
        comparable.phone,
        comparable.domain
    from matching.people as people
    inner join identity.customers as customers on people.record = customers.record
    inner join matching.comparable as comparable on people.profile = comparable.profile
),

companies as (
    select distinct
        customer_id,
        company,
        phone,
        domain
    from people
    where is_company
),

-- of companies of one name, the one that shares a telephone or a domain
colleagues as (
    select
        people.customer_id,
        companies.customer_id as related_id,
        coalesce(people.phone = companies.phone, false)
        or coalesce(people.domain = companies.domain, false) as is_sure
    from people
    inner join companies on people.company = companies.company
    where not people.is_company
),

namesakes as (
    select
        company,
        count(distinct customer_id) as companies
    from companies
    group by company
),

works_for as (
    select distinct
        colleagues.customer_id,
        colleagues.related_id,
        'works_for' as kind
    from colleagues
    where
        colleagues.is_sure
        or colleagues.related_id in (
            select companies.customer_id
            from companies
            inner join namesakes on companies.company = namesakes.company
            where namesakes.companies = 1
        )
),

homes as (
    select distinct
        customer_id,
        hash(last, phone) as home
    from people
    where not is_company and company is null and last is not null and phone is not null
    union all
    select distinct
        customer_id,
        hash(last, road, house, coalesce(postcode, city)) as home
    from people
    where
        not is_company and company is null and last is not null and road is not null
        and house is not null and coalesce(postcode, city) is not null
),

families as (
    select home
    from homes
    group by home
    having count(distinct customer_id) between 2 and 8
),

households as (
    select distinct
        one.customer_id,
        other.customer_id as related_id,
        'household' as kind
    from homes as one
    inner join families on one.home = families.home
    inner join homes as other on one.home = other.home and one.customer_id <> other.customer_id
)

select * from works_for
union all
select * from households
