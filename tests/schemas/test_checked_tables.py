"""A table that is wrong is refused by column, check, row and count, and never by showing what stands in it."""

import traceback

import pandas as pd
import pytest
from pandera.typing import DataFrame

from schemas.checked import checked
from schemas.errors import DataError
from schemas.tables import Applicant, Eligibility, Person


@checked
def take_people(people: DataFrame[Person]) -> DataFrame[Person]:
    return people


@checked
def give_verdicts(verdicts: pd.DataFrame) -> DataFrame[Eligibility]:
    return DataFrame[Eligibility](verdicts)


@checked
def give_two(verdicts: pd.DataFrame) -> tuple[DataFrame[Eligibility], DataFrame[Eligibility]]:
    return verdicts, verdicts


def people(**columns):
    usual = {"person_id": ["1", "2"], "email": None, "name": "zz-canary-name", "manager_id": None, "status": "active"}
    return pd.DataFrame({**usual, **columns})


def verdicts(**columns):
    return pd.DataFrame({"person_id": ["1"], "role": ["mentor"], "may_be": ["mentor"], "reason": [None], **columns})


def complaint(call, table):
    with pytest.raises(DataError) as refused:
        call(table)
    shown = "".join(traceback.format_exception(refused.value))
    assert "canary" not in shown
    assert refused.value.__context__ is None
    return str(refused.value)


def test_a_wrong_value_is_told_by_row_and_count():
    said = complaint(take_people, people(status=["active", "zz-canary-status"]))

    assert "column 'status' fails isin" in said
    assert said.endswith("in 1 of 2 rows (row 2)")


def test_many_wrong_rows_are_counted_not_listed():
    many = pd.concat([people(status="zz-canary")] * 10).assign(person_id=[str(n) for n in range(20)])

    assert "in 20 of 20 rows (row 1, 2, 3, 4, 5, ...)" in complaint(take_people, many)


def test_a_missing_column_is_named():
    assert complaint(take_people, people().drop(columns="status")).endswith("column 'status' is missing")


def test_a_column_of_the_wrong_type_is_told_once():
    said = complaint(take_people, people(joined_on=["zz-canary", "2027-03-01"]))

    assert said.count("joined_on") == 1


def test_rows_labelled_by_person_are_told_by_number():
    said = complaint(take_people, people(status=["active", "zz"]).set_axis(["zz-canary-1", "zz-canary-2"]))

    assert "(row 2)" in said


def test_an_error_inside_the_function_hides_values_too():
    assert "may_be" in complaint(give_verdicts, verdicts(may_be=["zz-canary"]))


def test_every_table_of_a_pair_is_checked():
    assert "may_be" in complaint(give_two, verdicts(may_be=["zz-canary"]))


def test_a_refusal_needs_a_reason():
    assert "'a person is eligible or has a reason' does not hold" in complaint(give_verdicts, verdicts(role=[None]))


def test_a_mentor_needs_a_capacity():
    mentor = pd.DataFrame({"person_id": ["1"], "role": ["mentor"], "capacity": [None]})

    with pytest.raises(DataError, match="a mentor has a capacity"):
        checked(take_applicants)(mentor)


def take_applicants(applicants: DataFrame[Applicant]) -> None:
    """Nothing but the check."""


def test_numbers_that_are_names_become_text():
    assert take_people(people(person_id=[7, 8]))["person_id"].tolist() == ["7", "8"]


def test_names_like_none_and_na_stay_names():
    assert take_people(people(name=["None", "NA"]))["name"].tolist() == ["None", "NA"]


def test_further_columns_are_kept():
    assert take_people(people(business_unit="Cloud"))["business_unit"].tolist() == ["Cloud", "Cloud"]
