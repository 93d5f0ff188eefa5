"""Adam steps of the benchmark's models in PyTorch. Needs torch and numpy; the recorded losses are of PyTorch 1.13.

python3 steps.py                       the recorded steps, as losses.json holds them
python3 steps.py --serve WORKLOAD      for each order on stdin one line with times, losses and memory
"""

import json
import resource
import sys
import time

import torch

from shop_transformer import ShopTransformer
from small_transformer import SmallTransformer

TRAINED = {
    "everything": lambda name: True,
    "sequence": lambda name: name.startswith("sequence."),
    "items": lambda name: name.startswith("item."),
    "blocks": lambda name: name.startswith("sequence.block.") and ("norm" in name or "feedforward" in name),
    "ant": lambda name: not name.startswith("sequence.block."),
}
SMALL = {"items": 24, "features": 10, "experts": 3, "width": 8, "length": 6, "batch": 5, "blocks": 2}
# With 5 rows one gradient of the first batch is 3e-9, below Adam's epsilon: rounding alone would decide its first move.
SHOP = {"items": 30, "text": 9, "image": 7, "price": 3, "width": 8, "inner": 16, "length": 6, "batch": 7, "blocks": 2, "samples": 12}
STEPS = 50


class Training:
    def __init__(self, model, sizes, trained, learning_rate, clip, loss="last"):
        chosen = TRAINED[trained]
        self.model = SmallTransformer(sizes, chosen) if model == "small" else ShopTransformer(sizes, loss, chosen)
        self.trained = [value for value in self.model.values.values() if value.requires_grad]
        self.clip = clip
        self.optimizer = torch.optim.Adam(self.trained, lr=learning_rate)

    def step(self, batch):
        self.optimizer.zero_grad()
        loss = self.model.loss(batch)
        loss.backward()
        if self.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.trained, self.clip)
        self.optimizer.step()
        return loss.item()


def recorded():
    torch.set_num_threads(1)
    cases = [{"model": "small", "sizes": SMALL, "trained": trained, "clip": 1} for trained in ["everything", "sequence", "items"]]
    for loss in ["last", "sampled"]:
        cases += [{"model": "shop", "sizes": SHOP, "trained": trained, "loss": loss, "clip": None} for trained in ["everything", "blocks"]]
    for case in cases:
        training = Training(**case, learning_rate=0.01)
        losses = [training.step(training.model.draw_batch(step)) for step in range(STEPS)]
        final = training.model.values["sequence.block.0.feedforward.norm/gain"].tolist()
        yield {**case, "losses": losses, "final": {"sequence.block.0.feedforward.norm/gain": final}}


def matrix_rate(size=1024):
    """GFLOP/s of the best of some square products."""
    left, right = torch.rand(size, size), torch.rand(size, size)
    left @ right
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best / 1e9


def serve(workload):
    torch.set_num_threads(workload.pop("threads"))
    training = Training(**workload, learning_rate=1e-3)
    reply({})
    for line in sys.stdin:
        order = json.loads(line)
        if order["kind"] == "matrix":
            reply({"matrixRate": matrix_rate()})
            continue
        times, losses = [], []
        for step in range(order["steps"]):
            batch = training.model.draw_batch(order["seed"] + step)
            begin = time.perf_counter()
            losses.append(training.step(batch))
            times.append((time.perf_counter() - begin) * 1000)
        reply({"times": times, "losses": losses, "peakBytes": peak_bytes()})


def peak_bytes():
    """Of this program alone: what getrusage says can be the parent's, from before the program was started."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def reply(answer):
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(json.loads(sys.argv[2]))
    else:
        print(json.dumps(list(recorded()), indent=1))
