"""A CSV file becomes a table of text, and a bad row never costs or changes a good one."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.csv_files import Limits, read_table

PEOPLE = "id,name,note\n007,Zoë,first\n008,O'Brien,\n"


def table(text, encoding="utf-8", **limits):
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return read_table(content, file="people.csv", limits=Limits(**limits))


def cells(read):
    return [row.cells for row in read.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_letters_survive_every_encoding(encoding):
    assert cells(table(PEOPLE, encoding)) == [("007", "Zoë", "first"), ("008", "O'Brien", "")]


@pytest.mark.parametrize("big_end_first", [True, False])
def test_utf16_is_read_from_either_end(big_end_first):
    name, mark = ("utf-16-be", b"\xfe\xff") if big_end_first else ("utf-16-le", b"\xff\xfe")
    assert cells(table(mark + PEOPLE.encode(name)))[0][1] == "Zoë"


def test_one_broken_byte_bends_no_accent_elsewhere():
    read = table("id,name\n1,Zoë\n2,Ren\xe9e\n3,Jürgen\n".encode().replace("é".encode(), b"\xe9"))

    assert cells(read)[0] == ("1", "Zoë")
    assert cells(read)[2] == ("3", "Jürgen")
    assert not cells(read)[1][1].isprintable()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b" \r\n\r\n", "empty"),
        (b",,\n,,\n", "no header"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\xd0\xcf\x11\xe0rest", "Excel"),
        (b"<!DOCTYPE html><title>Sign in</title>", "web page"),
        (b"id,name\n1,\x81\x8d\n", "line 2"),
        ("id,name\n1,Ann\n".encode("utf-16-le"), "byte order mark"),
        ("id,name\n1,Ann\n".encode("utf-32"), "byte order mark"),
    ],
)
def test_what_is_no_csv_file_is_told(content, word):
    read = table(content)

    assert read.rows == ()
    assert read.problem.startswith("people.csv: ")
    assert word in read.problem


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_mark_between_cells_is_found(mark):
    text = f'id{mark}name{mark}languages\r\n1{mark}"Lang, Jo; Dr"{mark}en/de\r\n'
    assert cells(table(text)) == [("1", "Lang, Jo; Dr", "en/de")]


def test_lists_inside_cells_do_not_part_cells():
    text = "id,name,languages;all\n" + "".join(f"{n},Ann,en;de\n" for n in range(9))
    assert table(text).delimiter == ","


def test_a_spreadsheet_may_name_its_separator():
    read = table("sep=;\r\nid;name\r\n1;a,b\r\n")
    assert read.headers == ("id", "name")
    assert read.rows[0].row == 2


def test_every_value_stays_text():
    read = table("id,name,flag\n007,NA,True\n1e5,None,nan\n")
    assert cells(read) == [("007", "NA", "True"), ("1e5", "None", "nan")]


def test_white_space_goes_and_letters_are_composed():
    read = table("id , name\n 1\u00a0,  Zoe\u0308\u200b \n")
    assert read.headers == ("id", "name")
    assert cells(read) == [("1", "Zoë")]


def test_ragged_rows_are_refused_not_shifted():
    read = table("id,name,note\n1,Ann,x\n2,Bob\n3,Cem,y,z\n4,Dan,w\n")

    assert [row.row for row in read.rows] == [2, 5]
    assert [(refusal.row, refusal.code) for refusal in read.refused] == [(3, "ragged"), (4, "ragged")]
    assert "has too few cells: 2, where the header has 3" in read.refused[0].reason
    assert read.rows_in == 4


def test_a_ragged_first_row_shifts_nothing():
    assert [refusal.row for refusal in table("id,name\nx,1,Ann\n2,Bob\n").refused] == [2]


def test_rows_are_numbered_as_a_spreadsheet_does():
    read = table('id,name\n1,"two\nlines"\n\n,\n2,Bob\nbad\n3,Cem\n')

    assert [row.row for row in read.rows] == [2, 5, 7]
    assert read.refused[0].row == 6
    assert read.rows_in == 4


def test_blank_lines_above_the_header_count_as_rows():
    read = table("\n\nid,name\n1,Ann\n")
    assert (read.headers, read.rows[0].row) == (("id", "name"), 4)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(end):
    assert len(table(end.join(["id,name", "1,Ann", "2,Bob", ""])).rows) == 2


def test_a_line_separator_inside_a_cell_ends_no_row():
    assert cells(table("id,name\n1,a\u2028b\x0cc\n")) == [("1", "a\u2028b\x0cc")]


def test_a_stray_quote_costs_its_own_row_only():
    read = table('id,name,note\n1,Ann,x\n2,"Bob,y\n3,Cem,z\n4,"Dan, Dr",w\n5,Eve,v\n')

    assert [row.row for row in read.rows] == [2, 4, 5, 6]
    assert [(refusal.row, refusal.code) for refusal in read.refused] == [(3, "ragged")]


def test_a_stray_quote_without_another_costs_its_own_row_only():
    read = table('id,name,note\n1,Ann,x\n2,"Bob,y\n3,Cem,z\n4,Dan,w\n')
    assert [row.row for row in read.rows] == [2, 4, 5]


def test_text_behind_a_closed_quote_is_refused():
    read = table('id,name\n1,"Bob"by\n2,Ann\n')
    assert [row.row for row in read.rows] == [3]


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n1,Ann\n2",
        'id,name\n1,Ann\n2,"Bo',
        'id,name\n1,Ann\n2,"Bo\n',
        "id,na",
        "id,name\n1,Ann\n2,Zo\u00eb"[:-1] + "\udcc3",
    ],
)
def test_a_half_written_file_is_told(text):
    read = table(text.encode("utf-8", "surrogateescape"))

    assert read.rows == ()
    assert "incomplete" in read.problem


def test_a_last_line_without_line_break_is_kept():
    read = table("id,name\n1,Ann\n2,Bob")
    assert len(read.rows) == 2
    assert read.last_cell_open


@pytest.mark.parametrize(
    ("text", "limits", "word"),
    [
        (PEOPLE, {"size": 5}, "larger than"),
        (PEOPLE, {"columns": 2}, "3 columns"),
        (PEOPLE, {"rows": 1}, "more than 1 rows"),
        ("id,name\n" + "," * 200, {"columns": 2, "cell": 20}, "line of more than"),
        ('id,name\n1,"' + "x" * 140_000 + '"\n', {"cell": 200_000}, "longer than"),
        ('id,name\n1,"' + "x\n" * 70_000 + '"\n', {}, "longer than"),
        ('id,name\n1,"' + "x\n" * 9, {}, "never closed"),
        ("id,name\n" + "\n" * 1200, {"rows": 5}, "blank lines"),
    ],
)
def test_too_much_is_refused_as_a_whole(text, limits, word):
    read = table(text, **limits)
    assert read.rows == ()
    assert word in read.problem


def test_a_cell_too_long_costs_its_row_only():
    read = table(f"id,name\n1,{'x' * 11}\n2,Bob\n", cell=10)
    assert cells(read) == [("2", "Bob")]
    assert (read.refused[0].column, read.refused[0].code) == ("name", "too_long")


def test_broken_quotes_everywhere_end_soon():
    read = table("id,name\n" + '1,"Ann\n2,Bob\n' * 1500)
    assert "broken quotation marks" in read.problem


NOTES = ["plain", "with, comma", 'with "marks"', "two\nlines", "Zoë", "  ", "007", ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_cut_anywhere_never_bends_a_whole_row(encoding, end):
    whole = io.StringIO(newline="")
    csv.writer(whole, lineterminator=end).writerows(
        [["id", "note", "last"], *([f"{n:03}", note, "x"] for n, note in enumerate(NOTES))]
    )
    content = whole.getvalue().encode(encoding)
    full = {row.row: row.cells for row in table(content).rows}

    for length in range(len(content)):
        read = table(content[:length])
        for row in read.rows:
            is_last = row is read.rows[-1] and read.last_cell_open
            assert full[row.row] == row.cells or (is_last and full[row.row][:-1] == row.cells[:-1])


plain_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(*[plain_text] * 3), max_size=8),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_csv_writer_wrote_is_read_back(rows, mark, encoding):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=mark, quoting=csv.QUOTE_ALL).writerows([("first", "second", "third"), *rows])
    read = table(text.getvalue(), encoding)

    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert read.problem is None
    assert len(read.rows) == len(filled)
    assert read.refused == ()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_whatever_raise_an_error(content):
    read = table(content)
    assert read.problem or read.rows_in == len(read.rows) + len(read.refused)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('a1,;"\t\r\n ë'), max_size=60))
def test_no_jumble_of_marks_raises_an_error(text):
    read = table("id,name\n" + text)
    assert read.problem or read.rows_in == len(read.rows) + len(read.refused)
    assert all(len(row.cells) == 2 for row in read.rows)
