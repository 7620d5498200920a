"""Promise what rows look like: ODCS 3.1 contracts, and what is computed from them.

reader        YAML -> `Contract`
supported     what a property may say; anything else is refused
rules         a contract's promises -> `Rule`s, one SQL predicate each
typed         landed JSON documents -> typed columns, with a reason for each cell that is not
expectations  the same rules through Great Expectations
"""

from contracts.reader import Column, Contract, Table, contract_of, load
from contracts.supported import ContractError

__all__ = ["Column", "Contract", "ContractError", "Table", "contract_of", "load"]
