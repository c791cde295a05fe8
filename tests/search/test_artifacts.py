"""Studies whose arrays and models lie in an object store, with the server of moto as S3."""

import json
import os
import time
from pathlib import Path

import boto3
import numpy as np
import pytest
from database_studies import NOTHING, as_rows, hpo_says, search, start
from moto.server import ThreadedMotoServer

import hpo
from hpo.errors import HPOError, StoreError, UsageError
from hpo.study import artifacts
from hpo.study.artifacts import Artifacts
from hpo.study.folder import load_study
from hpo.training.evaluation import Evaluator


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret-key-of-the-tests")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = boto3.client("s3")
        client.create_bucket(Bucket="studies")
        yield client
        client.close()
    server.stop()


@pytest.fixture
def bucket(s3, request):
    return f"s3://studies/{request.node.name}"


def stored(s3, url):
    found = s3.list_objects_v2(Bucket="studies", Prefix=url.removeprefix("s3://studies/"))
    return sorted(one["Key"].split("/", 2)[2] for one in found.get("Contents", []))


def test_machines_that_share_no_folder_share_a_study(tmp_path, url, bucket, s3, plugin):
    one, two = tmp_path / "one", tmp_path / "two"
    here = search(one, url, trials=2, plugin=plugin, keep=2, artifacts=bucket)
    here.options = type(here.options)(**{**vars(here.options), "trials": 4})
    joined = start(two, url, "worker", "slow", "--task", plugin)
    said, _ = joined.communicate(timeout=120)
    assert joined.returncode == 0, said
    there = load_study("slow", two, url)

    assert as_rows(there) == as_rows(load_study("slow", one, url))
    assert [t.state for t in there.trials] == ["complete"] * 4
    best = [t.number for t in there.ranking[:2]]
    assert stored(s3, bucket) == sorted(
        [
            "storage.json",
            "samples.json",
            "targets.npz",
            *(f"trials/{n}/evaluation.npz" for n in range(4)),
            *(f"trials/{n}/fold-0.keras" for n in best),
        ]
    )
    here = load_study("slow", one, url)
    for number in range(4):
        mine, other = here.files.arrays(number), there.files.arrays(number)
        assert (mine.predictions[""] == other.predictions[""]).all()
        assert len(here.files.model_paths(number)) == (number in best)

    hpo.ensemble(there, task=str(plugin))
    made, seen = there.files.ensemble, load_study("slow", one, url)
    assert seen.files.ensemble == made
    assert (seen.files.ensemble_predictions.index == there.files.ensemble_predictions.index).all()
    again = hpo.ensemble(there, task=str(plugin), refit=True)
    assert there.files.ensemble != made
    assert load_study("slow", one, url).files.ensemble == there.files.ensemble
    rows = np.zeros((3, 2), "float32")
    from_here = hpo.load_ensemble(load_study("slow", one, url), task=str(plugin)).predict(rows)
    assert (from_here == again.predict(rows)).all()
    refitted = {name for name in stored(s3, bucket) if name.startswith("ensemble/models/")}
    assert {p.name for p in (one / "slow/ensemble/models").iterdir()} == {
        Path(name).name for name in refitted
    }


def test_every_command_reads_a_study_that_lies_elsewhere(tmp_path, url, bucket, plugin):
    search(tmp_path / "one", url, trials=2, plugin=plugin, keep=2, artifacts=bucket)
    two = tmp_path / "two"

    shown = json.loads(hpo_says(two, "show", "slow", "--json", HPO_STORAGE=url))
    assert [trial["state"] for trial in shown["trials"]] == ["complete"] * 2
    hpo_says(two, "ensemble", "slow", "--task", plugin, HPO_STORAGE=url)
    hpo_says(two, "report", "slow", HPO_STORAGE=url)
    page = (two / "slow" / "report.html").read_text()
    assert f"--artifacts {bucket}" in page
    assert "secret" not in page


def test_predictions_and_exports_are_made_where_no_file_of_the_study_is(
    tmp_path, url, bucket, plugin
):
    one = tmp_path / "one"
    search(one, url, trials=2, plugin=plugin, keep=2, artifacts=bucket)
    search(one, url, trials=2, plugin=plugin, keep=2, artifacts=bucket, study="second", seed=1)
    words = ("ensemble", "slow", "second", "--method", "mean", "--task", plugin)
    hpo_says(one, *words, HPO_STORAGE=url)
    rows = tmp_path / "rows.csv"
    rows.write_text("0.5,0.25\n-1,2\n")
    words = ("predict", "slow", rows, "--task", plugin)

    here, there = (
        hpo_says(tmp_path / folder, *words, HPO_STORAGE=url) for folder in ("one", "two")
    )
    hpo_says(
        tmp_path / "three", "export", "slow", tmp_path / "out", "--task", plugin, HPO_STORAGE=url
    )
    hpo_says(tmp_path / "four", "report", HPO_STORAGE=url)
    for study in ("slow", "second"):
        assert (tmp_path / "four" / study / "report.html").exists()
    assert [path.name for path in (tmp_path / "four").glob("*.html")] == ["index.html"]

    assert there == here
    assert here.count("\n") == 3
    assert list((tmp_path / "out").rglob("*.keras"))


def test_a_study_goes_on_where_its_files_lie(tmp_path, url, bucket):
    search(tmp_path / "one", url, trials=2, artifacts=bucket)
    study = search(tmp_path / "two", url, trials=4)

    assert [t.state for t in study.trials] == ["complete"] * 4
    assert (study.files.arrays(0).index == np.arange(400)).all()
    with pytest.raises(UsageError, match=r"are in s3://studies/.*Received: --artifacts s3://x"):
        search(tmp_path / "one", url, trials=4, artifacts="s3://x")
    assert search(tmp_path / "one", url, trials=4, artifacts=bucket + "/").n_finished == 4


def test_a_study_is_copied_into_a_store_and_back(tmp_path, url, bucket, s3):
    first = search(tmp_path / "runs", None, trials=3)
    hpo_says(
        tmp_path / "cache", "storage", "copy", tmp_path / "runs", url, "--artifacts", bucket
    )  # fmt: skip
    assert stored(s3, bucket) == [
        *(["samples.json"] if (first.directory / "samples.json").exists() else []),
        "targets.npz",
        *(f"trials/{n}/evaluation.npz" for n in range(3)),
    ]
    assert as_rows(load_study("nothing", tmp_path / "elsewhere", url)) == as_rows(first)
    hpo_says(
        tmp_path / "elsewhere", "storage", "copy", url, tmp_path / "back", "--study", "nothing"
    )

    hpo_says(tmp_path / "another", "storage", "copy", url, tmp_path / "all")

    back = load_study("nothing", tmp_path / "back")
    assert as_rows(back) == as_rows(first)
    assert as_rows(load_study("nothing", tmp_path / "all")) == as_rows(first)
    assert (back.files.arrays(2).curves["loss"] == first.files.arrays(2).curves["loss"]).all()


@pytest.mark.parametrize(
    ("target", "expected", "endpoint"),
    [
        ("s3://no-such-bucket/x", "s3://no-such-bucket/x/nothing-", None),
        ("s3://studies/x", "cannot be used", "http://127.0.0.1:9"),
        ("nonsense://x", "--artifacts: expected s3://BUCKET/PREFIX", None),
    ],
)
def test_what_is_wrong_with_a_store_is_said_in_one_line(
    tmp_path, url, s3, target, expected, endpoint
):
    began = time.monotonic()
    said = hpo_says(
        tmp_path,
        *("run", NOTHING, "--artifacts", target),
        code=2 if "nonsense" in target else 1,
        HPO_STORAGE=url,
        AWS_ENDPOINT_URL=endpoint or os.environ["AWS_ENDPOINT_URL"],
    )

    assert expected in said
    assert "secret" not in said
    assert len(said.strip().splitlines()) == 1
    assert time.monotonic() - began < 10
    assert not (tmp_path / "nothing" / "storage.json").exists()


def test_a_store_needs_a_database(tmp_path, bucket):
    with pytest.raises(UsageError, match=r"--artifacts needs a database.*Add --storage URL"):
        search(tmp_path, None, trials=1, artifacts=bucket)


def test_what_must_be_installed_is_said(tmp_path, monkeypatch):
    def missing(*_arguments, **_keywords):
        raise ImportError("Please install gcsfs")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(UsageError, match=r"pip install 'hpo-keras\[gs\]'"):
        Artifacts("gs://bucket/x", tmp_path).names()


def test_a_store_that_is_out_of_reach_is_waited_for(tmp_path, monkeypatch):
    (tmp_path / "targets.npz").write_text("y")
    kept = Artifacts(f"file://{tmp_path / 'store'}", tmp_path)
    kind, failures = type(kept._files), [OSError("no route"), TimeoutError("no answer")]
    put = kind.put_file

    def put_later(*arguments, **keywords):
        if failures:
            raise failures.pop()
        return put(*arguments, **keywords)

    monkeypatch.setattr(kind, "put_file", put_later)
    kept.publish([tmp_path / "targets.npz"])
    assert failures == []
    assert list(kept.names()) == ["targets.npz"]

    failures.append(OSError("no route"))
    impatient = Artifacts(kept.url, tmp_path, patience=0)
    with pytest.raises(StoreError, match=r"store: cannot be used \(OSError: no route\)"):
        impatient.publish([tmp_path / "targets.npz"])


def test_a_store_that_is_gone_ends_the_search_and_its_trial_is_queued_again(
    tmp_path, url, monkeypatch
):
    store = tmp_path / "store"
    study = search(tmp_path / "runs", url, trials=1, artifacts=f"file://{store}")
    monkeypatch.setattr(artifacts, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(Evaluator, "evaluate", Evaluator.evaluate)  # which the task replaces

    def refuse(*_arguments, **_keywords):
        raise OSError("no route to host")

    with monkeypatch.context() as patch:
        patch.setattr("fsspec.implementations.local.LocalFileSystem.put_file", refuse)
        with pytest.raises(HPOError, match="no route to host"):
            search(tmp_path / "runs", url, trials=3, executor="inline")
    assert [t.state for t in study.trials] == ["complete", "interrupted", "waiting"]
    assert search(tmp_path / "runs", url, trials=3).n_finished == 3


def test_a_file_is_stored_whole_or_not_at_all(tmp_path, monkeypatch):
    cache, store = tmp_path / "cache", tmp_path / "store"
    path = cache / "trials" / "0" / "evaluation.npz"
    path.parent.mkdir(parents=True)
    path.write_text("whole")
    kept = Artifacts(f"file://{store}", cache)

    def die(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(kept._files), "mv", die)
        with pytest.raises(KeyboardInterrupt):
            kept.publish([path])
    other = Artifacts(f"file://{store}", tmp_path / "other")
    assert list(other.names()) == []
    kept.publish([path])
    assert list(Artifacts(f"file://{store}", tmp_path / "other").names()) == [
        "trials/0/evaluation.npz"
    ]


def test_what_has_changed_is_fetched_again_and_what_has_not_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "LISTING_SECONDS", 0)
    store = f"file://{tmp_path / 'store'}"
    one, two = Artifacts(store, tmp_path / "one"), Artifacts(store, tmp_path / "two")
    mine, theirs = (tmp_path / name / "targets.npz" for name in ("one", "two"))
    for content in ("first", "second, longer"):
        mine.parent.mkdir(exist_ok=True)
        mine.write_text(content)
        one.publish([mine])
        two.fetch([theirs])
        assert theirs.read_text() == content
    stamp = theirs.stat().st_ino
    two.fetch([theirs])
    assert theirs.stat().st_ino == stamp
    one.remove([mine])
    two.remove([theirs])
    assert list(two.names()) == []


def test_names_that_lead_out_of_the_folder_are_not_fetched(tmp_path, s3, bucket):
    key = bucket.removeprefix("s3://studies/")
    s3.put_object(Bucket="studies", Key=f"{key}/study/../../evil", Body=b"x")
    s3.put_object(Bucket="studies", Key=f"{key}/study/targets.npz", Body=b"x")

    assert list(Artifacts(f"{bucket}/study", tmp_path).names()) == ["targets.npz"]
