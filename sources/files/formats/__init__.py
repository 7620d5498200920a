"""What is in a file: each format proves a whole file and gives its rows, or refuses it.

csv    delimited text of any dialect and encoding
fixed  columns by their place in the line
excel  one sheet of a workbook
ubl    a UBL-TR e-invoice
"""

from __future__ import annotations

from sources.files.formats import delimited, excel, fixed, ubl
from sources.files.formats.shared import SETTINGS, Contents, Format, Spec, Unreadable

FORMATS: dict[str, Format] = {"csv": delimited, "fixed": fixed, "excel": excel, "ubl": ubl}

__all__ = ["FORMATS", "SETTINGS", "Contents", "Format", "Spec", "Unreadable"]
