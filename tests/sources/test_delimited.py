"""What is believed of a CSV file without any hint, and what is refused with which words."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sources.files.formats import Spec, Unreadable, delimited, text
from sources.files.numbers import hold_numbers

HEADER = "No;Ad;Şehir"
GOOD = f"{HEADER}\r\n1;Işıl Gürbüz;İzmir\r\n2;Şule Çağ;Muğla\r\nTOPLAM;2;\r\n"
TILL = Spec(trailer="TOPLAM")


@dataclass(frozen=True)
class Promised:
    path: str
    logical: str = "string"
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def file(content: str, encoding: str = "cp1254") -> io.BytesIO:
    return io.BytesIO(content.encode(encoding))


def rows(
    content: io.BytesIO, spec: Spec, wanted: Sequence[str] = (), size: int = 100
) -> list[dict[str, Any]]:
    found = delimited.read(content, spec, [Promised(name) for name in wanted])
    read = [row for page in found.pages(0, size) for row in page]
    assert len(read) == found.count
    return read


def refused(content: io.BytesIO, spec: Spec, words: str, wanted: Sequence[str] = ()) -> None:
    with pytest.raises(Unreadable, match=words):
        rows(content, spec, wanted)


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize(
    "encoding",
    ["cp1254", "iso-8859-9", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp857"],
)
def test_turkish_letters_come_out_in_every_encoding(encoding: str, said: bool) -> None:
    spec = Spec(encoding=encoding if said else None, trailer="TOPLAM")
    assert rows(file(GOOD, encoding), spec, ["No", "Şehir"]) == [
        {"No": "1", "Ad": "Işıl Gürbüz", "Şehir": "İzmir"},
        {"No": "2", "Ad": "Şule Çağ", "Şehir": "Muğla"},
    ]


@pytest.mark.parametrize(
    ("written", "said", "words"),
    [
        ("utf-8", "cp1254", "it is utf-8, not cp1254"),
        ("utf-8-sig", "cp1254", "it is utf-8, not cp1254"),
        ("utf-16", "cp1254", "it is utf-16, not cp1254"),
        ("utf-16", "utf-8", "it is utf-16, not utf-8"),
        ("cp1254", "utf-8", "byte 6 is not utf-8"),
        ("cp1254", "iso-8859-1", "letters are broken.*Þ"),
        ("cp1254", "cp1252", "letters are broken.*Þ"),
        ("cp1254", "klingon", "encoding 'klingon' is not known"),
    ],
)
def test_a_file_in_another_encoding_is_refused(written: str, said: str, words: str) -> None:
    refused(file(GOOD, written), Spec(encoding=said, trailer="TOPLAM"), words)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("No;Ad\r\n1;Þórður Ýrá\r\n2;Sæþór Ólafsdóttir\r\n", "cp1252"),
        ("No;Ad\r\n1;Příliš žluťoučký kůň\r\n", "cp1250"),
        ("No;Ad\r\n1;Łódź żółw gęś\r\n", "cp1250"),
        ("No;Ad\r\n1;Москва\r\n", "cp1251"),
        ("No;Ad\r\n1;Αθήνα\r\n", "cp1253"),
        ("No;Ad\r\n1;Größe Bär\r\n", "cp850"),
        ("No;Ad\r\n1;§ 5 – €\r\n", "cp1254"),
    ],
)
def test_an_encoding_that_cannot_be_told_is_refused_until_it_is_set(
    content: str, encoding: str
) -> None:
    refused(file(content, encoding), Spec(), "encoding cannot be told.*Set encoding")
    spec = Spec(encoding=encoding, mojibake=False)
    assert rows(file(content, encoding), spec)[0]["Ad"] in content


def test_letters_of_the_west_read_the_same_in_all_its_encodings() -> None:
    assert rows(file("No;Ad\r\n1;Größe Bär\r\n", "cp1252"), Spec())[0]["Ad"] == "Größe Bär"


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252", "cp1254"])
def test_letters_broken_before_they_reached_the_file_are_refused(wrong: str) -> None:
    broken = GOOD.encode("utf-8").decode(wrong, errors="replace")
    refused(file(broken, "utf-8"), TILL, "letters are broken")


def test_letters_broken_in_the_middle_of_two_chunks_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text, "CHUNK", 1)
    refused(file("No;Ad\r\n1;Ã§Ä±nar\r\n", "utf-8"), Spec(encoding="utf-8"), "letters are broken")


def test_control_characters_of_a_wrong_encoding_are_refused() -> None:
    content = io.BytesIO("No;Ad\r\n1;“Şule”\r\n".encode("cp1254"))
    refused(content, Spec(encoding="iso-8859-9"), "letters are broken")


def test_other_languages_may_say_so() -> None:
    icelandic = Spec(encoding="utf-8", mojibake=False)
    assert len(rows(file("No;Ad\r\n1;Þórður Ýr\r\n", "utf-8"), icelandic)) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD.replace("TOPLAM;2;\r\n", ""), "last line TOPLAM is missing"),
        (GOOD[:-20], "last line TOPLAM is missing"),
        (GOOD.replace("TOPLAM;2", "TOPLAM;3"), "says 3 rows and 2 are there"),
        (GOOD + "3;Ek;Van\r\n", "rows follow its TOPLAM line"),
        ("", "not even a header"),
        ("No;Ad;Ad\r\n", "two columns are called Ad"),
        (GOOD.replace("Şehir", "Il"), "column Şehir is missing; it has No, Ad, Il"),
    ],
)
def test_what_is_not_whole_is_refused(content: str, words: str) -> None:
    refused(file(content), TILL, words, ["No", "Şehir"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'{HEADER}\r\n1;"Işıl;İzmir\r\n2;Şule;Muğla\r\n', "line . after the header is not CSV"),
        (f'{HEADER}\r\n1;"Işıl" Gürbüz;İzmir\r\n', "is not CSV"),
        (f'{HEADER}\r\n1;"Işıl;İzmir\r\n2;"Şule";Muğla\r\n', "is not CSV"),
        (f"{HEADER}\r\n1;Işıl;İzmir\r\n2;Şu", "last line is cut off"),
    ],
)
def test_broken_quotes_and_cut_lines_are_refused_and_never_guessed(
    content: str, words: str
) -> None:
    refused(file(content), Spec(), words)


def test_a_control_line_may_count_in_thousands() -> None:
    content = HEADER + "\r\n" + "1;a;b\r\n" * 1200 + "TOPLAM;1.200;\r\n"
    assert len(rows(file(content), TILL, ["No"])) == 1200


@pytest.mark.parametrize(("said", "right"), [("1.234,60", True), ("1.234,59", False)])
def test_control_totals_are_added_up_exactly(said: str, right: bool) -> None:
    content = file(f"No;Tutar\r\n1;1.234,50\r\n2;0,10\r\nTOPLAM;2;{said}\r\n")
    spec = Spec(trailer="TOPLAM", totals={"Tutar": 3})
    wanted = [Promised("Tutar", "number", settings={"decimalComma": True})]
    if right:
        assert delimited.read(content, spec, wanted).count == 2
        return
    with pytest.raises(Unreadable, match=r"says Tutar adds up to 1.234,59, and it is 1234.60"):
        delimited.read(content, spec, wanted)


def test_rows_of_another_length_are_kept_apart() -> None:
    content = f"{HEADER}\r\n1;Ad\r\n\r\n2;Ad;Van;fazla;daha\r\n3;Ad;Van\r\n"
    assert rows(file(content), Spec(), ["No"]) == [
        {"_cells": ["1", "Ad"]},
        {"_cells": ["2", "Ad", "Van", "fazla", "daha"]},
        {"No": "3", "Ad": "Ad", "Şehir": "Van"},
    ]


def test_lines_that_end_in_one_more_delimiter() -> None:
    found = rows(file("No;Ad;\r\n1;Işıl;\r\n2;Şule;\r\n"), Spec(), ["No"])
    assert found == [{"No": "1", "Ad": "Işıl"}, {"No": "2", "Ad": "Şule"}]


def test_excels_own_hint_and_titles_above_the_header() -> None:
    assert rows(file("sep=|\r\nNo|A;d\r\n1|x\r\n"), Spec()) == [{"No": "1", "A;d": "x"}]
    titled = "Satışlar\r\n\r\n;;\r\nNo;Ad\r\n1;Işıl\r\n"
    assert rows(file(titled), Spec(skip=2), ["No"]) == [{"No": "1", "Ad": "Işıl"}]


def test_without_a_header_the_settings_name_the_cells() -> None:
    spec = Spec(header=False, columns=["No", "Ad"])
    assert rows(file("1;Işıl\r\n2;Şule\r\n"), spec) == [
        {"No": "1", "Ad": "Işıl"},
        {"No": "2", "Ad": "Şule"},
    ]
    refused(file("1;Işıl;x\r\n"), spec, "its lines have 1, 3 cells and its settings name 2")
    refused(file("1;Işıl\r\n"), Spec(header=False), "set columns")
    refused(file("1;a,b\r\n2;c,d\r\n"), spec, "any of ; ,: set delimiter")


def test_a_delimiter_is_only_believed_when_it_gives_the_contracts_columns() -> None:
    assert rows(file("No,x;Ad\r\n1;2\r\n"), Spec(), ["No,x", "Ad"]) == [{"No,x": "1", "Ad": "2"}]
    refused(file("a,b;c\r\n1,2;3\r\n"), Spec(), "set delimiter")
    refused(file("a;b\r\n1;2\r\n"), Spec(delimiter=","), "column a is missing", ["a"])
    refused(file("a;b\r\n"), Spec(delimiter="||"), "must be one ASCII character")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["1.234", "2.500"], "Tutar has values such as 1.234"),
        (["1.234,56", "2,50"], "Tutar has decimal commas"),
        (["12.5", "1.234"], None),
        (["1234", "2"], None),
        (["bilinmiyor", ""], None),
    ],
)
def test_numbers_that_may_mean_two_things_are_refused(values: list[str], words: str | None) -> None:
    content = "No;Tutar\r\n" + "".join(f"{at};{value}\r\n" for at, value in enumerate(values))
    found = delimited.read(file(content), Spec(), ())
    wanted = [Promised("Tutar", "number")]
    if words is None:
        hold_numbers(found.pages(0, 10), wanted)
        return
    with pytest.raises(Unreadable, match=words):
        hold_numbers(found.pages(0, 10), wanted)
    for said in (True, False):
        hold_numbers(
            found.pages(0, 10), [Promised("Tutar", "number", settings={"decimalComma": said})]
        )


def test_a_large_file_is_read_from_any_row_in_pages_of_any_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 64)
    content = "No;Ad\r\n" + "".join(f"{at};Işık {at}\r\n" for at in range(100))
    found = delimited.read(file(content), Spec(), ())
    for start, size in ((0, 7), (13, 10), (99, 5), (100, 5)):
        read = [row["No"] for page in found.pages(start, size) for row in page]
        assert read == [str(at) for at in range(start, 100)]


LETTERS = st.text("abzçğıİöşüŞ0129.,;|\t\"' \n\r-", max_size=6)
ENCODINGS = st.sampled_from(["cp1254", "iso-8859-9", "utf-8", "utf-8-sig", "utf-16", None])


@example(
    table=[[";"]],
    delimiter=",",
    quote='"',
    quoting=csv.QUOTE_MINIMAL,
    newline="\n",
    encoding=None,
    hints=False,
    block=16,
)
@given(
    table=st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(LETTERS, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    delimiter=st.sampled_from([";", ",", "\t", "|", "^"]),
    quote=st.sampled_from(['"', "'"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    newline=st.sampled_from(["\r\n", "\n"]),
    encoding=ENCODINGS,
    hints=st.booleans(),
    block=st.sampled_from([16, 1 << 23]),
)
def test_any_table_in_any_dialect_comes_back_equal_or_is_refused(
    table: list[list[str]],
    delimiter: str,
    quote: str,
    quoting: int,
    newline: str,
    encoding: str | None,
    hints: bool,
    block: int,
) -> None:
    names = [f"k{number}ş" for number in range(len(table[0]))]
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=delimiter, quotechar=quote, quoting=quoting, lineterminator=newline
    )
    writer.writerow(names)
    writer.writerows(table)
    # This writer leaves a lone \r without quotes where lines end in \n: nobody can read that.
    assume(
        quoting == csv.QUOTE_ALL
        or newline == "\r\n"
        or not any("\r" in cell for cells in table for cell in cells)
    )
    # A single empty cell and no cell at all look the same to every reader.
    assume(len(names) > 1 or all(cells[0].strip("\r\n") for cells in table))
    spec = Spec()
    if hints:
        spec = Spec(delimiter=delimiter, quote=quote, encoding=encoding)
    content = file(out.getvalue(), encoding or "utf-8")
    before, delimited.BLOCK = delimited.BLOCK, block
    try:
        found = rows(content, spec, names, size=2)
    except Unreadable as error:
        assert not hints, error
        return
    finally:
        delimited.BLOCK = before
    if quote == "'" and not hints and quoting == csv.QUOTE_MINIMAL:
        return  # a header without quotes says nothing of them: what is not " is a letter
    wanted = [dict(zip(names, cells, strict=True)) for cells in table]
    if len(names) == 1 and not hints:  # nothing shows its delimiter: a row that has one is refused
        found = [want if "_cells" in row else row for row, want in zip(found, wanted, strict=True)]
    assert found == wanted
