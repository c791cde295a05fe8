"""The README of an export: what the model is, what data it learned from, its scores, its use.

After Mitchell et al. (2019), "Model cards for model reporting".
"""

from __future__ import annotations

import importlib.metadata
import platform
from typing import TYPE_CHECKING, Any

from hpo._version import __version__
from hpo.study.facts import Facts
from hpo.support.formats import count, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpo.ensembles.ensemble import Ensemble

PACKAGES = ("keras", "numpy", "tensorflow")


def versions() -> dict[str, str]:
    """The versions of everything that the export was made with, by name."""
    return {
        "hpo": __version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }


def requirements() -> str:
    """The content of ``requirements.txt``."""
    installed = versions()
    return "".join(f"{name}=={installed[name]}\n" for name in PACKAGES)


def write(ensemble: Ensemble, manifest: Mapping[str, Any]) -> str:
    """The page, in Markdown.

    Args:
        ensemble: The ensemble.
        manifest: The content of ``manifest.json``.
    """
    parts = [_what(ensemble, manifest), _data(ensemble), _scores(ensemble), _use(manifest)]
    parts += [_members(manifest), _versions(ensemble)]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _what(ensemble: Ensemble, manifest: Mapping[str, Any]) -> Iterator[str]:
    record, task = ensemble.record, ensemble.task
    n_models = sum(len(member["models"]) for member in manifest["members"])
    yield f"# {task.name}: an ensemble of study {ensemble.study.name}"
    yield ""
    yield f"{task.description or task.name}."
    yield ""
    yield (
        f"{count(len(manifest['members']), 'configuration')} from a hyperparameter search, with "
        f"{count(n_models, 'Keras model')} in total. Their predictions are combined by the method "
        f"`{record.method}`."
    )
    if record.refit:
        yield "Every member was trained again on all the training data after it was chosen."
    else:
        yield "Every member predicts the mean of the models of its cross-validation folds."


def _data(ensemble: Ensemble) -> Iterator[str]:
    facts, settings = ensemble.study.facts or Facts(), ensemble.study.settings
    data = facts.data
    yield "## Training data"
    yield ""
    yield f"- task: {ensemble.task.name}"
    yield f"- data fingerprint: `{data.fingerprint}`"
    of = "" if data.n_samples == data.n_samples_whole else f" of {data.n_samples_whole:,}"
    yield f"- samples searched on: {data.n_samples:,}{of}, evaluated with `{settings.cv}`"
    yield f"- samples the models were trained on: {ensemble.data.n_samples:,}" + (
        "" if ensemble.record.refit else ", each model on the training part of its fold"
    )
    for name, shape in data.shapes.items():
        yield f"- shape of {f'input `{name}`' if name else 'a sample'}: {_shape(shape[1:])}"
    if data.class_names:
        yield f"- classes: {', '.join(map(str, data.class_names))}"
    if data.feature_names:
        yield f"- columns: {', '.join(map(str, data.feature_names))}"


def _scores(ensemble: Ensemble) -> Iterator[str]:
    record, facts = ensemble.record, ensemble.study.facts or Facts()
    metric = ensemble.task.metric_name
    yield f"## Scores ({metric}, {ensemble.task.direction})"
    yield ""
    yield "| evaluation | score | 95% interval |"
    yield "|---|---|---|"
    interval = record.oof_interval
    reach = "" if not interval else f"{number(interval[0])} to {number(interval[1])}"
    yield f"| ensemble, cross-validation (cross-fitted) | {number(record.oof)} | {reach} |"
    single = number(record.best_single_oof)
    yield f"| best single configuration, cross-validation | {single} | |"
    for name, score in record.test.items():
        yield f"| ensemble, test set: {name} | {number(score)} | |"
    yield f"| baseline that ignores the inputs | {number(facts.baseline)} | |"
    if facts.reference:
        yield f"| published: {facts.reference.source} | {number(facts.reference.score)} | |"
    yield ""
    times = len(ensemble.study.test_consultations)
    yield (
        f"The test set has been consulted {count(times, 'time')} in this study. After more than "
        "one consultation, its scores may be slightly optimistic."
    )
    yield (
        "The score of the best single configuration is optimistic, since the configuration was "
        "chosen by this score."
    )


def _use(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield "## Use"
    yield ""
    yield "```"
    yield "pip install -r requirements.txt"
    yield "python predict.py x.npz predictions.npz"
    yield "```"
    yield ""
    yield "```python"
    yield "from predict import labels, predict"
    yield ""
    yield "predictions = predict(x)"
    yield "```"
    yield ""
    inputs = manifest["inputs"]
    for name, samples in inputs.items():
        yield f"- {_input(name, samples)}"
    yield (
        "- `predictions.npz` holds `predictions`, or one array per output; for classes it also "
        "holds `labels`."
    )
    yield from (_meaning(name, target) for name, target in manifest["targets"].items())
    yield "- Nothing is unpickled, and models are loaded in Keras's safe mode."


def _meaning(name: str, target: Mapping[str, Any]) -> str:
    scale = "a probability" if target["threshold"] else "a score, which is not a probability,"
    each = " for every step or pixel" if target["per_step"] else ""
    n = len(target["names"])
    what = {
        "quantity": "quantities",
        "two classes": f"{scale} of the second of two classes ({', '.join(target['names'])})",
        "one class": f"{scale} for each of {n} classes",
        "labels": f"{scale} for each of {n} labels; a sample has all those above "
        f"{target['threshold']:g}, or none",
    }[target["kind"]]
    return f"- {f'`{name}`' if name else '`predictions`'}: {what}{each}."


def _input(name: str, samples: Mapping[str, Any]) -> str:
    if samples["texts"]:
        ragged = (
            "Or it holds `tokens`, the token ids of all texts one after the other, and `offsets`, "
            "where each text begins and the last one ends, shape (n_samples + 1,). "
        )
        return (
            f"`x.npz` holds `{name or 'x'}`: token ids padded with zeros at the end, shape "
            f"(n_samples, length). {'' if name else ragged}In Python, texts may also be a list of "
            "arrays."
        )
    inner = ", ".join(map(str, samples["shape"]))
    return f"`x.npz` holds `{name or 'x'}`: {samples['dtype']}, shape (n_samples, {inner})."


def _members(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield "## Members"
    yield ""
    yield "| member | share | models |"
    yield "|---|---|---|"
    for member in manifest["members"]:
        yield f"| {member['name']} | {member['weight']:.3f} | {len(member['models'])} |"


def _versions(ensemble: Ensemble) -> Iterator[str]:
    yield "## Versions"
    yield ""
    yield "Exported with " + ", ".join(f"{name} {v}" for name, v in versions().items()) + "."
    searched = (ensemble.study.facts or Facts()).environment.versions
    recorded = [f"{k} {searched[k]}" for k in ("hpo", "python", *PACKAGES) if k in searched]
    yield f"Searched with {', '.join(recorded)}." if recorded else ""


def _shape(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "a single value"
