"""Ingest stores a run and its points in one transaction, once."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from django.db import close_old_connections, connection

from perfgate.errors import InvalidResult
from perfgate.results.records import Benchmark, Environment, Policy, Sample
from tests.webapp.history.stored import chunks_of, commit, run, store
from webapp.history import ingest, models
from webapp.history.series import read
from webapp.history.submission import prepare

pytestmark = pytest.mark.django_db


def only_series(name: str = "a") -> models.Series:
    return models.Series.objects.get(benchmark__name=name)


def test_a_run_becomes_a_point_of_every_measured_series(project: models.Project) -> None:
    """A measured sample becomes a point; a failed one is only counted."""
    stored = store(project, run(1, {"a": 1.5, "b": 2.5, "c": None}))
    assert (stored.created, stored.measured, stored.failed, stored.skipped, stored.benchmarks) == (True, 2, 1, 0, 3)
    assert [1.5] == read(only_series("a")).values.tolist()
    assert [stored.run_id] == read(only_series("b")).runs.tolist()
    assert not models.Series.objects.filter(benchmark__name="c").exists()


def test_the_same_bytes_are_one_run(project: models.Project) -> None:
    """Storing is idempotent: the second time nothing changes, the revision included."""
    first = store(project, run(1, {"a": 1.0}))
    again = store(project, run(1, {"a": 1.0}))
    assert (again.run_id, again.created, again.measured) == (first.run_id, False, 1)
    project.refresh_from_db()
    assert 1 == project.revision
    assert [1.0] == read(only_series()).values.tolist()


def test_a_later_file_of_one_source_supersedes_the_earlier(project: models.Project) -> None:
    """The old run keeps its upload and loses its points; the points of other runs in the same chunk stay."""
    other = store(project, run(1, {"a": 9.0}))
    old = store(project, run(2, {"a": 1.0, "b": 1.0}), identity="asv:m/f.json")
    new = store(project, run(2, {"a": 2.0}), identity="asv:m/f.json")
    assert [other.run_id, new.run_id] == read(only_series("a")).runs.tolist()
    assert [] == read(only_series("b")).runs.tolist()
    row = models.Run.objects.get(pk=old.run_id)
    assert row.superseded_by_id == new.run_id
    assert row.upload.size


def test_files_of_one_source_in_one_batch_supersede_each_other(project: models.Project) -> None:
    """In a batch, the last file of a source supersedes the others."""
    files = [prepare(run(1, {"a": value}), b"%f" % value, name="f.json", identity="k") for value in (1.0, 2.0, 3.0)]
    stored = ingest.store_all(project, files)
    assert [3.0] == read(only_series()).values.tolist()
    assert set(models.Run.objects.filter(superseded_by=stored[-1].run_id).values_list("id", flat=True)) == {
        result.run_id for result in stored[:-1]
    }


def test_pull_requests_and_baselines_are_no_points(project: models.Project) -> None:
    """The measurements of a pull request are stored for its verdict and are not in any series."""
    judged = run(2, {"a": 5.0}, pull_request=7, baseline=run(1, {"a": 1.0}))
    stored = store(project, judged)
    row = models.Run.objects.get(pk=stored.run_id)
    assert row.number is None
    assert row.baseline_commit is not None
    assert 1 == row.measured
    assert not models.SeriesChunk.objects.exists()


def test_the_policy_of_a_point_is_kept_once(project: models.Project) -> None:
    """The policy of branch runs is stored once for all of them; the policy of a pull request is only in its upload."""
    policy = Policy(text="[alerts]\npoints = 4\n", revision="a" * 40)
    first = store(project, run(1, {"a": 1.0}, policy=policy)).run_id
    second = store(project, run(2, {"a": 1.0}, policy=policy)).run_id
    judged = store(project, run(3, {"a": 1.0}, policy=policy, pull_request=7)).run_id

    kept = models.PolicyText.objects.get()
    assert policy.text == kept.text
    carried = dict(models.Run.objects.values_list("pk", "policy"))
    assert {first: kept.pk, second: kept.pk, judged: None} == carried


def test_a_change_of_environment_or_benchmark_starts_a_segment(project: models.Project) -> None:
    """A new fingerprint or benchmark version starts a segment; an earlier one continues its old segment."""
    newer = Environment(name="runner", fields={"machine": "m1", "python": "3.13"})
    store(project, run(1, {"a": 1.0}))
    store(project, run(2, {"a": 1.0}, environment=newer))
    store(project, run(3, {"a": 1.0}, version="v2", environment=newer))
    store(project, run(4, {"a": 1.0}))
    assert [0, 1, 2, 0] == read(only_series()).segments.tolist()
    assert ["", "", "v2"] == [version for _, version in only_series().segments]


def test_points_cross_chunks(project: models.Project) -> None:
    """Appending one by one and in bulk gives the same points, in the same chunks."""
    for number in range(1, 71):
        store(project, run(number, {"a": float(number)}))
    ingest.store_all(
        project,
        [prepare(run(number, {"a": float(number), "b": 1.0}), b"%d" % number, name="f") for number in range(71, 201)],
    )
    assert read(only_series("a")).values.tolist() == [float(number) for number in range(1, 201)]
    assert 130 == len(read(only_series("b")).values)
    assert models.SeriesChunk.objects.filter(series=only_series("a")).count() == 200 // models.CHUNK_RUNS + 1


def test_a_commit_is_completed_by_later_runs(project: models.Project) -> None:
    """Facts that the first upload lacks are added by later ones."""
    store(project, run(1, {"a": 1.0}, commit=commit(1, committed_at=None)))
    store(project, run(1, {"a": 2.0}, commit=commit(1, generation=12, subject="s", author="x")))
    row = models.Commit.objects.get()
    assert (row.generation, row.subject, row.author, row.committed_at) == (12, "s", "x", commit(1).committed_at)


def test_a_sample_named_twice_is_kept_once(project: models.Project) -> None:
    """If a run has two samples of one series, the first is stored and the second is listed as refused."""
    one = run(1, {"a": 1.0})
    twice = run(1, {"a": 1.0}, samples=(*one.samples, *one.samples))
    stored = store(project, twice)
    assert (1, 1) == (stored.measured, len(stored.refused))
    assert "$.run.samples[1]" == stored.refused[0].where


@pytest.mark.parametrize("name", ["a\0b", "a\u202eb", "<script>x</script>", "x" * 2_001])
def test_a_name_that_cannot_be_kept_is_refused_by_itself(project: models.Project, name: str) -> None:
    """A sample with a dangerous name is refused; the other samples of the file are stored."""
    good = run(1, {"a": 1.0})
    hostile = Sample(benchmark=Benchmark(name=name), metric=good.samples[0].metric, value=1.0)
    both = run(1, {}, samples=(*good.samples, hostile))
    stored = ingest.store(project, both, b"foreign", name="f")
    assert (1, ["$.run.samples[1]"]) == (stored.measured, [refusal.where for refusal in stored.refused])
    with pytest.raises(InvalidResult) as refused:
        ingest.store(project, run(1, {}, samples=(hostile,)), b"other", name="f")
    assert "$.run.samples[0]" == refused.value.path


def test_a_time_outside_the_calendar_is_unknown(project: models.Project) -> None:
    """A time that is outside the calendar in UTC is stored as unknown."""
    late = datetime.fromisoformat("9999-12-31T23:59:59-12:00")
    store(project, run(1, {"a": 1.0}, commit=commit(1, committed_at=late), started_at=late))
    assert models.Commit.objects.get().committed_at is None


def test_the_signal_is_sent_after_the_commit(
    project: models.Project, django_capture_on_commit_callbacks: object
) -> None:
    """The signal has the ids of the new runs, once, and is not sent for files that were already stored."""
    told: list[list[int]] = []

    def listen(run_ids: list[int], **_: object) -> None:
        told.append(run_ids)

    ingest.run_stored.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            stored = store(project, run(1, {"a": 1.0}))
            store(project, run(1, {"a": 1.0}))
            assert [] == told
    finally:
        ingest.run_stored.disconnect(listen)
    assert [[stored.run_id]] == told


@pytest.mark.django_db(transaction=True)
def test_concurrent_uploads_all_count(project: models.Project) -> None:
    """Concurrent uploads to two environments, some of them equal, neither fail nor lose a point."""
    errors: list[BaseException] = []

    def upload(environment: str) -> None:
        try:
            for number in range(1, 13):
                names = ("a", "b", "c") if environment == "e0" else ("c", "b", "a")
                one = run(
                    number, dict.fromkeys(names, float(number)), environment=Environment(name=environment, fields={})
                )
                store(project, one)
        except BaseException as error:  # a thread's exception would be lost; the main thread asserts on it
            errors.append(error)
            raise
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=upload, args=(f"e{index % 2}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == errors
    assert 24 == models.Run.objects.count()
    for series in models.Series.objects.all():
        assert read(series).values.tolist() == [float(number) for number in range(1, 13)]
    project.refresh_from_db()
    assert 24 == project.revision
    assert chunks_of(project)
