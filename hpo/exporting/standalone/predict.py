"""Predicts with the models of this folder; needs only Keras and NumPy.

On the command line, with the samples in an ``.npz`` file (see README.md for its arrays)::

    python predict.py x.npz predictions.npz

In Python, with this folder as the working directory or on ``sys.path``::

    from predict import predict

    predictions = predict(x)
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from folder import (  # type: ignore[import-not-found]
    RefusedError,
    load_arrays,
    read_arrays,
    read_json,
    read_model,
    refusing,
)
from preprocessing import prepare  # type: ignore[import-not-found]
from samples import check, check_gaps, from_arrays, n_samples, rows  # type: ignore[import-not-found]

CHUNK = 2000
BATCH = 512


def predict(x: Any) -> Any:
    """Predict new samples.

    Args:
        x: Raw samples, shape (n_samples, ...); a dict of arrays for several inputs; a list of
            arrays of token ids for texts.

    Returns:
        Predictions, shape (n_samples, ...); a dict by output name for several outputs.

    Raises:
        RefusedError: The samples have another shape than those the models were trained on, or a
            file of this folder is damaged or was changed.
    """
    with refusing("the samples cannot be predicted; they do not fit, or this folder is damaged"):
        manifest = read_json("manifest.json")
        samples = check(x, manifest["inputs"])
        starts = range(0, n_samples(samples), CHUNK)
        parts = [_predict_chunk(samples, start, manifest) for start in starts]
        predictions = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return predictions[""] if list(predictions) == [""] else predictions


def labels(predictions: np.ndarray, output: str = "") -> np.ndarray | None:
    """The names of the classes or labels that predictions stand for.

    Args:
        predictions: Predictions of one output, shape (n_samples, ...).
        output: The name of the output; "" for the only one.

    Returns:
        The name of the most probable class, or the names of all predicted labels separated by
        semicolons, shape (n_samples,), with several steps or pixels (n_samples, ...); None if
        predictions are values.

    Raises:
        RefusedError: A file of this folder is damaged or was changed.
    """
    with refusing("the classes cannot be named; this folder is damaged"):
        return _labels(predictions, read_json("manifest.json")["targets"].get(output))


def _labels(predictions: np.ndarray, target: Any) -> np.ndarray | None:
    if target is None or target["kind"] == "quantity":
        return None
    names, width = np.array(target["names"]), target["width"]
    scores = predictions.reshape(-1, width)
    if target["kind"] == "labels":
        joined = [";".join(names[row]) for row in scores > target["threshold"]]
        found = np.array(joined, f"<U{len(';'.join(target['names']))}")
    elif target["kind"] == "two classes":
        found = names[(scores[:, 0] > target["threshold"]).astype(int)]
    else:
        found = names[scores.argmax(axis=1)]
    if not target["per_step"]:
        return np.asarray(found)
    has_columns = width > 1 or predictions.shape[-1] == 1
    return np.asarray(found.reshape(predictions.shape[:-1] if has_columns else predictions.shape))


def _predict_chunk(samples: Any, start: int, manifest: dict[str, Any]) -> dict[str, np.ndarray]:
    x = rows(samples, start, start + CHUNK)
    prepared: dict[Any, Any] = {None: x}
    members = []
    for member in manifest["members"]:
        total: dict[str, Any] = {}
        for saved in member["models"]:
            steps = saved["preprocessing"]
            if steps not in prepared:
                prepared[steps] = prepare(
                    read_json(f"{steps}.json"), read_arrays(f"{steps}.npz"), x
                )
            if not manifest.get("accepts_gaps"):
                check_gaps(x, prepared[steps], start)
            model = read_model(saved["file"])
            outputs = model.predict(_inputs(prepared[steps]), batch_size=BATCH, verbose=0)
            for name, output in _by_output(model, outputs).items():
                made = _activated(np.asarray(output), member["activations"].get(name))
                total[name] = total.get(name, 0.0) + made / len(member["models"])
        members.append(total)
    weights = [member["weight"] for member in manifest["members"]]
    stacking = manifest["stacking"] or {}
    return {
        name: _combine(np.stack([one[name] for one in members]), weights, stacking.get(name))
        for name in members[0]
    }


def _inputs(arrays: Any) -> Any:
    """Samples as Keras takes them: strings as tensors, all else as it is."""
    if isinstance(arrays, dict):
        return {name: _inputs(array) for name, array in arrays.items()}
    if arrays.dtype.kind not in "USO":
        return arrays
    import keras

    return keras.ops.convert_to_tensor(arrays)


def _by_output(model: Any, outputs: Any) -> dict[str, Any]:
    if isinstance(outputs, dict):
        return outputs
    several = isinstance(outputs, (list, tuple))
    if several and len(outputs) > 1:
        return dict(zip(model.output_names, outputs, strict=True))
    return {"": outputs[0] if several else outputs}


def _activated(outputs: np.ndarray, activation: str | None) -> np.ndarray:
    """Probabilities in place of the logits that a model predicts."""
    if activation is None:
        return outputs
    exact = outputs.astype("float64")
    if activation == "sigmoid":
        return np.asarray(1 / (1 + np.exp(-np.clip(exact, -500, 500))), "float32")
    exponents = np.exp(exact - exact.max(axis=-1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True), "float32")


def _combine(stacked: np.ndarray, weights: list[float], linear: Any) -> np.ndarray:
    """Combine the predictions of the members, shape (n_members, n_samples, ...), into one."""
    if linear is None:
        return np.asarray(sum(w * one for w, one in zip(weights, stacked, strict=True)))
    columns = stacked.reshape(len(stacked), stacked.shape[1], -1).astype("float64")
    if linear["kind"] != "quantities":
        chance = np.clip(columns, 1e-6, 1 - 1e-6)
        columns = np.log(chance) - np.log1p(-chance)
    mixed = np.einsum("mnc,cm->nc", columns, np.array(linear["coefficients"]))
    mixed = mixed + np.array(linear["intercepts"])
    if linear["kind"] != "quantities":
        mixed = 1 / (1 + np.exp(-np.clip(mixed, -50, 50)))
    if linear["kind"] == "classes":
        mixed = mixed / mixed.sum(axis=1, keepdims=True)
    return np.asarray(mixed.reshape(stacked.shape[1:]), "float32")


def main(arguments: list[str]) -> None:
    """Predict the samples of one file and write the predictions to another."""
    if len(arguments) != 2:  # noqa: PLR2004
        sys.exit("usage: python predict.py x.npz predictions.npz")
    try:
        _predict_file(Path(arguments[0]), Path(arguments[1]))
    except RefusedError as error:
        message = " ".join(f"predict.py: {error}".split())
        shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
        sys.exit("".join(shown))


def _predict_file(source: Path, output: Path) -> None:
    target = _target(output, source)
    arrays = load_arrays(source)
    try:
        predictions = predict(from_arrays(arrays))
    except RefusedError as error:
        raise RefusedError(f"{source}: {error}") from error
    is_single = not isinstance(predictions, dict)
    written = {"predictions": predictions} if is_single else dict(predictions)
    for name, values in [("", predictions)] if is_single else list(predictions.items()):
        classes = labels(values, name)
        if classes is not None:
            written[f"{name}_labels" if name else "labels"] = classes
    amount = len(next(iter(written.values())))
    temporary = target.with_name(f".{uuid.uuid4().hex}.npz")
    with refusing(f"{output} cannot be written"):
        try:
            np.savez(temporary, **written)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    sys.stdout.write(f"{amount} {'sample' if amount == 1 else 'samples'} predicted: {target}\n")


def _target(output: Path, source: Path) -> Path:
    """The file to write, with links resolved; only a file of its own is replaced."""
    with refusing(f"{output} cannot be written"):
        named = output if output.suffix == ".npz" else output.with_name(f"{output.name}.npz")
        target = named.resolve()
        for path in (output, target):
            if path.exists() and not path.is_file():
                raise RefusedError(f"{output} is not a file. Name an .npz file to write.")
        if target.exists() and source.exists() and target.samefile(source):
            raise RefusedError(f"{output} is the file with the samples. Name another one to write.")
    return target


if __name__ == "__main__":
    main(sys.argv[1:])
