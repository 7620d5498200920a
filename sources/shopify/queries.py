"""GraphQL made of what `shopify_kinds` lists; tests validate every query in Shopify's schema."""

from __future__ import annotations

import json
from functools import cache

from sources.shopify.kinds import Child, Kind

LISTED = 250  # ids a page, the most Shopify gives
MORE = 50  # further children a page
LOCATIONS = """
query Locations($after: String) {
  locations(first: 250, after: $after, includeInactive: true, includeLegacy: true, sortKey: ID) {
    nodes { id }
    pageInfo { hasNextPage endCursor }
  }
}
"""
DESTROYED = """
query Destroyed($query: String, $after: String) {
  events(first: 100, after: $after, query: $query, sortKey: CREATED_AT) {
    nodes { action ... on BasicEvent { subjectId subjectType } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
THERE = "query There($ids: [ID!]!) { nodes(ids: $ids) { id } }"


@cache
def page(kind: Kind) -> str:
    """Rows in the order of their ids, and how many the whole window holds."""
    return f"""
    query Page($first: Int!, $query: String, $whole: String) {{
      rows: {kind.connection}(first: $first, query: $query, sortKey: ID) {{
        nodes {{ {_row(kind)} }}
        pageInfo {{ hasNextPage }}
      }}
      {_held(kind)}
    }}
    """


@cache
def listed(kind: Kind) -> str:
    return f"""
    query Listed($query: String, $whole: String) {{
      rows: {kind.connection}(first: {LISTED}, query: $query, sortKey: ID) {{
        nodes {{ id updatedAt }}
        pageInfo {{ hasNextPage }}
      }}
      {_held(kind)}
    }}
    """


@cache
def inside(kind: Kind, *, only_ids: bool = False) -> str:
    """A page of the rows within one location."""
    first, fields = (LISTED, "id updatedAt") if only_ids else (kind.first, _row(kind))
    return f"""
    query Inside($id: ID!, $after: String, $query: String) {{
      location(id: $id) {{
        {kind.within}(first: {first}, after: $after, query: $query) {{
          nodes {{ {fields} }}
          pageInfo {{ hasNextPage endCursor }}
        }}
      }}
    }}
    """


@cache
def nodes(kind: Kind) -> str:
    row = f"... on {kind.type} {{ {_row(kind)} }}"
    return f"query Nodes($ids: [ID!]!) {{ nodes(ids: $ids) {{ {row} }} }}"


@cache
def more(kind: Kind, child: Child) -> str:
    """Further children of one row."""
    return f"""
    query More($id: ID!, $after: String) {{
      node(id: $id) {{
        ... on {kind.type} {{
          {child.name}(first: {MORE}, after: $after) {{
            nodes {{ {child.fields} }}
            pageInfo {{ hasNextPage endCursor }}
          }}
        }}
      }}
    }}
    """


@cache
def count(kind: Kind) -> str:
    return f"query Count($whole: String) {{ {_held(kind)} }}"


@cache
def span(kind: Kind) -> str:
    """How many a filter finds, and the first and the last of them."""
    return f"""
    query Span($whole: String) {{
      {_held(kind)}
      first: {kind.connection}(first: 1, query: $whole, sortKey: ID) {{ nodes {{ id }} }}
      last: {kind.connection}(first: 1, query: $whole, sortKey: ID, reverse: true) {{
        nodes {{ id }}
      }}
    }}
    """


def bulk(kind: Kind, filtered: str | None) -> str:
    """The same rows for a bulk operation, which wants no `first` and edges all the way."""
    where = f"(query: {json.dumps(filtered)})" if filtered else ""
    if kind.within:
        found = f"{kind.within}{where} {{ edges {{ node {{ {kind.fields} }} }} }}"
        wide = "(includeInactive: true, includeLegacy: true)"
        return f"{{ {kind.connection}{wide} {{ edges {{ node {{ id {found} }} }} }} }}"
    children = " ".join(
        f"{child.name} {{ edges {{ node {{ __typename {child.fields} }} }} }}"
        for child in kind.children
    )
    return f"{{ {kind.connection}{where} {{ edges {{ node {{ {kind.fields} {children} }} }} }} }}"


def both(*conditions: str | None) -> str | None:
    return " AND ".join(condition for condition in conditions if condition) or None


def since(moment: str | None, name: str = "updated_at") -> str | None:
    """Quoted: without quotes Shopify drops the time and takes the day in the shop's zone."""
    return f"{name}:>='{moment}'" if moment else None


def _row(kind: Kind) -> str:
    children = " ".join(
        f"{child.name}(first: {child.first}) "
        f"{{ nodes {{ {child.fields} }} pageInfo {{ hasNextPage endCursor }} }}"
        for child in kind.children
    )
    return f"{kind.fields} {children}"


def _held(kind: Kind) -> str:
    return f"held: {kind.count}(query: $whole, limit: null) {{ count precision }}"
