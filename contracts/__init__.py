"""Promise what rows look like: ODCS 3.1 contracts, and what is computed from them.

reader        YAML -> `Contract` (model); grammar, supported and references refuse what is unknown
rules         a contract's promises -> `Rule`s of three classes; options and quality are its parts
typed         landed JSON documents -> typed columns, with a reason for each cell that is not
personal      what may be shown of a record
expectations  the same rules through Great Expectations
compare       what changed between two versions, and which version number that asks for
"""

from contracts.model import Column, Contract, Table
from contracts.places import ContractError
from contracts.reader import contract_of, load

__all__ = ["Column", "Contract", "ContractError", "Table", "contract_of", "load"]
