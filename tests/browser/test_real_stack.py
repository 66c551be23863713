"""The walks of an ordinary and of a bad hour once more, on PostgreSQL, Kafka and the four processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from installation import Ground, Installation, started_on
from test_bad_days import test_a_server_that_starts_again_costs_no_word_and_no_case
from test_board import (
    test_a_case_goes_from_warning_to_closed_by_keys_alone,
    test_a_cut_stream_is_said_and_loses_and_doubles_nothing,
    test_of_two_operators_the_second_is_told_who_was_first,
)
from test_phone import test_a_case_is_done_with_thirty_minutes_without_a_line_in_it

from deploy.native.kafka import Kafka
from deploy.native.postgres import Postgres

__all__ = [
    "test_a_case_goes_from_warning_to_closed_by_keys_alone",
    "test_a_case_is_done_with_thirty_minutes_without_a_line_in_it",
    "test_a_cut_stream_is_said_and_loses_and_doubles_nothing",
    "test_a_server_that_starts_again_costs_no_word_and_no_case",
    "test_of_two_operators_the_second_is_told_who_was_first",
]
DATABASE = "browser_real"


@pytest.fixture(scope="module")
def installation(
    program: Path, postgres: Postgres, server_programs: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """On a Kafka of its own: the topics of the other tests' one are none of ours."""
    del program, server_programs
    home = Path(tmp_path_factory.mktemp("real"))
    kafka = Kafka(home=home / "kafka")
    kafka.start()
    try:
        with started_on(Ground(home=home, database=postgres.new_database(DATABASE), kafka=kafka.bootstrap)) as made:
            yield made
        postgres.drop_database(DATABASE)
    finally:
        kafka.stop()
