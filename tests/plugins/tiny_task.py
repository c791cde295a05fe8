"""A task of seconds, whose trials misbehave as the environment says.

``TINY_BEHAVIOUR`` lists what the model factory does at its first, second, ... call, for example
``fine,exit,raise``; after the list it is fine. Calls are counted in ``TINY_FOLDER``, over all
processes.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from hpo import Data, Float, Int, Reference, Space, Task


def load(data_dir):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    y = x @ [1.0, -2.0, 0.5] + rng.normal(scale=0.1, size=60)
    return Data(x=x[:40], y=y[:40], x_test=x[40:], y_test=y[40:])


def behaviour():
    if "TINY_FOLDER" not in os.environ:
        return "fine"
    folder = Path(os.environ["TINY_FOLDER"])
    call = len(list(folder.glob("call-*")))
    (folder / f"call-{call}").touch()
    listed = os.environ.get("TINY_BEHAVIOUR", "").split(",")
    return listed[call] if call < len(listed) else "fine"


def note_memory():
    """Write down what this process takes, before every trial."""
    from hpo.training.memory import resident_bytes

    with (Path(os.environ["TINY_FOLDER"]) / "memory.txt").open("a") as file:
        file.write(f"{os.getpid()} {resident_bytes()}\n")


def linger(*, apart):
    """Leave a thread and a process running, the latter perhaps in a session of its own."""
    threading.Thread(target=time.sleep, args=(600,)).start()
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    sleeper = subprocess.Popen(command, start_new_session=apart)
    (Path(os.environ["TINY_FOLDER"]) / "pid").write_text(str(sleeper.pid))


def misbehave(kind):
    if kind == "exit":
        os._exit(3)
    if kind == "leave":
        os._exit(0)
    if kind == "raise":
        raise RuntimeError("the plugin\nis broken")
    if kind.startswith("linger"):
        linger(apart=kind == "linger apart")
    if kind in ("hang", "tell"):
        pid = Path(os.environ["TINY_FOLDER"]) / "pid.tmp"
        pid.write_text(str(os.getpid()))
        pid.rename(pid.with_name("pid"))
    if kind == "hang":
        time.sleep(600)
    if kind == "hog":
        hoard = []
        while True:
            hoard.append(np.ones(2_000_000))  # 16 MB, written to and so really taken
    if kind == "surroundings":
        path = Path(os.environ["TINY_FOLDER"]) / f"surroundings-{os.getpid()}.json"
        path.write_text(json.dumps(dict(os.environ)))


def model(params, data):
    import keras

    if os.environ.get("TINY_BEHAVIOUR") == "note":
        note_memory()
    kind = behaviour()
    misbehave(kind)
    network = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(params["units"]), keras.layers.Dense(1)]
    )
    rate = float("nan") if kind == "nan" else params["learning_rate"]
    network.compile(keras.optimizers.SGD(rate), loss="mse", metrics=["mae"])
    return network


task = Task(
    name="tiny",
    load=load,
    model=model,
    space=Space(
        {
            "units": Int(1, 4, default=2),
            "learning_rate": Float(1e-3, 1e-1, log=True, default=1e-2),
        }
    ),
    objective="val_mae",
    cv="kfold:2",
    epochs=3,
    batch_size=8,
    reference=Reference(0.5, "made up for a test"),
)
