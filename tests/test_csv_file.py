"""What is believed of a CSV file, and what is refused with which words."""

from __future__ import annotations

import io

import pytest

from sources import csv_file
from sources.csv_file import Format, Unreadable, check, rows

HEADER = "No;Ad;Şehir"
GOOD = f"{HEADER}\r\n1;Işıl Gürbüz;İzmir\r\n2;Şule Çağ;Muğla\r\nTOPLAM;2;\r\n"
TILL = Format(trailer="TOPLAM")


def file(text: str, encoding: str = "cp1254") -> io.BytesIO:
    return io.BytesIO(text.encode(encoding))


@pytest.mark.parametrize("encoding", ["cp1254", "iso-8859-9", "utf-8", "utf-8-sig", "utf-16"])
def test_turkish_letters_come_out_in_every_encoding_that_is_said(encoding: str) -> None:
    form = Format(encoding=encoding, trailer="TOPLAM")
    content = file(GOOD, encoding)
    assert check(content, form, ["No", "Şehir"]) == 2
    assert list(rows(content, form)) == [
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
    ],
)
def test_a_file_in_another_encoding_is_refused(written: str, said: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        check(file(GOOD, written), Format(encoding=said, trailer="TOPLAM"), ["No"])


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252", "cp1254"])
def test_letters_broken_before_they_reached_the_file_are_refused(wrong: str) -> None:
    broken = GOOD.encode("utf-8").decode(wrong, errors="replace")
    with pytest.raises(Unreadable, match="letters are broken"):
        check(file(broken, "utf-8"), Format(encoding="utf-8", trailer="TOPLAM"), ["No"])


def test_letters_broken_in_the_middle_of_two_chunks_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_file, "CHUNK", 1)
    text = "No;Ad\r\n1;Ã§Ä±nar\r\n"
    with pytest.raises(Unreadable, match="letters are broken"):
        check(file(text, "utf-8"), Format(encoding="utf-8"), ["No"])


def test_other_languages_may_say_so() -> None:
    icelandic = Format(encoding="utf-8", mojibake=False)
    assert check(file("No;Ad\r\n1;Þórður Ýr\r\n", "utf-8"), icelandic, ["No"]) == 1


def test_plain_ascii_is_any_encoding() -> None:
    assert check(file("No;Ad\r\n1;Ada\r\n"), Format(), ["No"]) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("TOPLAM;2;\r\n", ""), "last line TOPLAM is missing"),
        (GOOD[:-20], "last line TOPLAM is missing"),
        (GOOD.replace("TOPLAM;2", "TOPLAM;3"), "says 3 rows and 2 are there"),
        (GOOD + "3;Ek;Van\r\n", "rows follow its TOPLAM line"),
        ("", "not even a header"),
        ("No;Ad;Ad\r\n", "two columns are called Ad"),
        (GOOD.replace("Şehir", "Il"), "column Şehir is missing; it has No, Ad, Il"),
        (GOOD.replace(";", ","), "column No, Şehir is missing; it has No,Ad,Şehir"),
    ],
)
def test_what_is_not_whole_is_refused(text: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        check(file(text), TILL, ["No", "Şehir"])


def test_a_control_line_may_count_in_thousands() -> None:
    text = HEADER + "\r\n" + "1;a;b\r\n" * 1200 + "TOPLAM;1.200;\r\n"
    assert check(file(text), TILL, ["No"]) == 1200


def test_lines_of_another_length_are_kept_with_what_they_have() -> None:
    text = f'{HEADER}\r\n1;Ad\r\n\r\n2;Ad;Van;fazla;daha\r\n3;"iki\r\nsatır; bir hücre";Van\r\n'
    form = Format(combine={"Yer": "{Ad} {Şehir}"})
    assert check(file(text), form, ["No", "Yer"]) == 3
    assert list(rows(file(text), form)) == [
        {"No": "1", "Ad": "Ad"},
        {"No": "2", "Ad": "Ad", "Şehir": "Van", "_surplus": ["fazla", "daha"]},
        {
            "No": "3",
            "Ad": "iki\r\nsatır; bir hücre",
            "Şehir": "Van",
            "Yer": "iki\r\nsatır; bir hücre Van",
        },
    ]
