"""Shopify's own Admin schema beside the repository; tests that need it skip without it."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema

SPECS = Path(__file__).parents[2] / "shared" / "specs" / "shopify"
needed = pytest.mark.skipif(not SPECS.exists(), reason=f"{SPECS} is not there")


@cache
def schema(version: str) -> GraphQLSchema:
    text = gzip.decompress((SPECS / f"admin_{version}.graphql.gz").read_bytes()).decode()
    return build_schema(text, assume_valid=True)
