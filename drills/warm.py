"""What every process of the crash drill would import and read again; they are forked from one that
has it. No database is opened here: its threads would not live on in a fork.
"""

from __future__ import annotations

import great_expectations  # noqa: F401
import pandas  # noqa: F401
import phonenumbers  # noqa: F401
import scipy.sparse.csgraph  # noqa: F401

import publishers.engine  # noqa: F401
import publishers.files  # noqa: F401
import warehouse.check  # noqa: F401
import warehouse.load  # noqa: F401
from contracts import load
from contracts.reader import HERE
from warehouse.build import TRANSFORMS, discover

discover(TRANSFORMS)
for contract in HERE.glob("*.odcs.yaml"):
    load(contract)
