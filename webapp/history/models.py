"""What was measured: projects, commits, environments, benchmarks, runs and their points.

Of each run, the uploaded file is stored unchanged (`Upload`), and its points are packed into chunks of their series
(`SeriesChunk`). ``manage.py rebuild`` derives everything else from the uploads. There is no row for a single point: see
docs/decisions/0002-packed-series.md for the measurements behind this.

`Run`, `Commit` and `Benchmark` store the records of the same names in `perfgate.results.records`; `Environment` and
`EnvironmentState` together store the record `Environment`. Code that uses both writes ``records.Run``.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from perfgate.results.records import Direction

CHUNK_RUNS = 64
"""Runs per `SeriesChunk`. A large number makes appends slow, because each rewrites a chunk; a small number makes reads
slow. docs/decisions/0002-packed-series.md has the measurements. After a change, run ``manage.py rebuild``."""


class Project(models.Model):
    """One repository whose benchmarks are measured."""

    slug = models.SlugField(max_length=100, unique=True)
    repository = models.CharField(max_length=200, blank=True)
    """``owner/name`` on GitHub; empty: nothing is written to GitHub."""
    default_branch = models.CharField(max_length=200, default="main")
    repository_id = models.BigIntegerField(null=True, blank=True)
    repository_owner_id = models.BigIntegerField(null=True, blank=True)
    """GitHub's ids of repository and owner, from the first workflow that uploaded with its identity. A name can be taken
    over by somebody else, an id cannot."""
    created_at = models.DateTimeField(auto_now_add=True)
    revision = models.PositiveBigIntegerField(default=0)
    """Increases with every change of the stored data; caches use it in their keys."""

    def __str__(self) -> str:
        return self.slug


def upload_only() -> list[str]:
    """Return the default scopes of a token."""
    return ["upload"]


class Token(models.Model):
    """A secret with which a program acts on one project, within its scopes; only the digest is stored."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=upload_only)
    """Values of `webapp.history.tokens.Scope`."""
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.project_id}/{self.name}"


class SpentIdentity(models.Model):
    """A workflow's identity token that was used, and is not accepted again."""

    jti = models.CharField(max_length=200, unique=True)
    expires_at = models.DateTimeField(db_index=True)
    """After this time the token is invalid anyway, and the row can be deleted."""

    def __str__(self) -> str:
        return self.jti


class Commit(models.Model):
    """A commit that was measured."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="commits")
    sha = models.CharField(max_length=64)
    committed_at = models.DateTimeField(null=True)
    generation = models.PositiveIntegerField(null=True)
    """1 + the largest generation of its parents; orders commits. NULL if no git repository was available."""
    subject = models.TextField(blank=True)
    author = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "sha"], name="one_commit_per_sha")]

    def __str__(self) -> str:
        return self.sha[:10]


class Environment(models.Model):
    """The name that a team gives one machine and interpreter, over time."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="environments")
    name = models.TextField()
    key = models.CharField(max_length=64)
    """SHA-256 of the name, because names can be longer than an index allows."""
    runs = models.PositiveIntegerField(default=0)
    """The newest `Run.number` in this environment; increased under the project's lock."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "key"], name="one_environment_per_name")]

    def __str__(self) -> str:
        return self.name


class EnvironmentState(models.Model):
    """The facts of an environment at one time. Values of different states are never compared for a verdict."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="states")
    fingerprint = models.CharField(max_length=16)
    fields = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "fingerprint"], name="one_state_per_fingerprint")
        ]

    def __str__(self) -> str:
        return self.fingerprint


class Benchmark(models.Model):
    """One named, parametrized piece of work."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="benchmarks")
    name = models.TextField()
    parameters = models.JSONField(default=dict)
    label = models.TextField()
    """Name and parameters in one line, for display."""
    key = models.CharField(max_length=64)
    """SHA-256 of name and parameters."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "key"], name="one_benchmark_per_key")]

    def __str__(self) -> str:
        return self.label


class PolicyText(models.Model):
    """The text of a policy, stored once for all runs that contain it."""

    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of path and text."""
    path = models.TextField()
    text = models.TextField()

    def __str__(self) -> str:
        return self.digest[:10]


class Run(models.Model):
    """One uploaded run: one suite on one commit in one environment."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="runs")
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="+")
    state = models.ForeignKey(EnvironmentState, models.PROTECT, related_name="runs")
    commit = models.ForeignKey(Commit, models.PROTECT, related_name="runs")
    baseline_commit = models.ForeignKey(Commit, models.PROTECT, null=True, related_name="+")
    """Commit of the baseline, if both were measured together."""
    branch = models.CharField(max_length=255)
    pull_request = models.PositiveIntegerField(null=True)
    """A run with a pull request is judged against its baseline and is no point of a series."""
    suite = models.CharField(max_length=200)
    tool = models.TextField(blank=True)
    dirty = models.BooleanField(default=False)
    number = models.PositiveIntegerField(null=True)
    """1, 2, 3 … among the runs of its environment that are points of series, in the order of arrival. It determines
    the chunks of its points. NULL: no point of a series."""
    key = models.CharField(max_length=64, blank=True)
    """SHA-256 of the source's stable identity; a later file of the same source supersedes this one. Empty: no identity."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the uploaded file: the same upload twice is one run."""
    superseded_by = models.ForeignKey("self", models.SET_NULL, null=True, related_name="supersedes")
    """The run from the newer file of the same source. A superseded run has its upload and no points."""
    imported = models.BooleanField(default=False)
    """Whether it was imported with an old history. Changes in it are recorded without alerting anybody."""
    trusted = models.BooleanField(default=True)
    """False: it is from the workflow of a fork, whose author could have written any numbers."""
    policy = models.ForeignKey(PolicyText, models.PROTECT, null=True, related_name="+")
    """The policy at the run's commit; NULL: the upload has none, or the run is no point of a series."""
    started_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)
    """When a worker finished processing the run. NULL: pending, even if the queue has lost its message."""
    measured = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list)
    """Parts of the file that could not be stored: ``[{"where": …, "reason": …}]``."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "digest"], name="one_run_per_upload"),
            models.UniqueConstraint(fields=["environment", "number"], name="one_run_per_number"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="run_newest_first"),
            models.Index(fields=["project", "key"], name="run_by_source"),
            models.Index(fields=["id"], name="run_pending", condition=models.Q(processed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class UploadContext(models.Model):
    """A file that uploads need to be read, stored once for all of them."""

    digest = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    """zlib-compressed."""

    def __str__(self) -> str:
        return self.digest[:10]


class Upload(models.Model):
    """The uploaded file, byte for byte. Everything else about a run can be derived from it."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="upload")
    name = models.TextField()
    content = models.BinaryField()
    """zlib-compressed."""
    size = models.PositiveIntegerField()
    """Bytes before compression."""
    context = models.ForeignKey(UploadContext, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class Series(models.Model):
    """The history of one benchmark and metric in one environment and branch."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="series")
    branch = models.CharField(max_length=255)
    benchmark = models.ForeignKey(Benchmark, models.CASCADE, related_name="series")
    metric = models.CharField(max_length=100)
    unit = models.CharField(max_length=100, blank=True)
    direction = models.CharField(max_length=6, choices=[(direction.value, direction.value) for direction in Direction])
    segments = models.JSONField(default=list)
    """``[[fingerprint, benchmark version], …]``; a point contains the index of its segment in this list."""

    class Meta:
        verbose_name_plural = "series"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "benchmark", "metric", "unit", "branch"], name="one_series_per_identity"
            )
        ]

    def __str__(self) -> str:
        return f"series {self.pk}"


class SeriesChunk(models.Model):
    """The packed points of a series from up to `CHUNK_RUNS` runs; only `webapp.history.chunks` reads and writes them."""

    pk = models.CompositePrimaryKey("series_id", "chunk_number")
    series = models.ForeignKey(Series, models.CASCADE, db_index=False, related_name="chunks")
    chunk_number = models.PositiveIntegerField()
    """``run.number // CHUNK_RUNS``, so that an append does not have to read first."""
    points = models.BinaryField()
    """Records of `webapp.history.chunks.POINT`, 14 bytes each, in no particular order, at most one per run."""

    def __str__(self) -> str:
        return f"chunk {self.series_id}/{self.chunk_number}"
