"""The miniature recommender of small-transformer.ts in PyTorch: the same values, batches and steps.

Run: python3 small_transformer.py > losses.json     (needs torch and numpy; made with PyTorch 1.13)
"""

import json
import math

import numpy
import torch
import torch.nn.functional as F

ITEMS, FEATURES, EXPERTS, WIDTH, LENGTH, BATCH, BLOCKS = 24, 10, 3, 8, 6, 5, 2
STEPS, LEARNING_RATE, CLIP, HEADS = 50, 0.01, 1.0, 2


def uniform_source(seed):
    state = seed & 0xFFFFFFFF
    while True:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield state / 2**32


def parameter_shapes():
    for group in ["item.text", "item.image"]:
        yield f"{group}/expert.weight", [FEATURES, EXPERTS * WIDTH]
        yield f"{group}/expert.bias", [EXPERTS * WIDTH]
        yield f"{group}/gate.weight", [FEATURES, EXPERTS]
    yield from norm_shapes("item.norm")
    yield "sequence.position/embedding", [LENGTH, WIDTH]
    for block in range(BLOCKS):
        group = f"sequence.block.{block}"
        for part in ["query", "key", "value", "output"]:
            yield f"{group}.attention/{part}.weight", [WIDTH, WIDTH]
        yield from norm_shapes(f"{group}.attention.norm")
        yield f"{group}.feedforward/inner.weight", [WIDTH, 2 * WIDTH]
        yield f"{group}.feedforward/inner.bias", [2 * WIDTH]
        yield f"{group}.feedforward/outer.weight", [2 * WIDTH, WIDTH]
        yield from norm_shapes(f"{group}.feedforward.norm")


def norm_shapes(group):
    yield f"{group}/gain", [WIDTH]
    yield f"{group}/bias", [WIDTH]


def initial_values():
    uniform = uniform_source(3)
    values = {}
    for name, shape in parameter_shapes():
        centre = 1 if name.endswith("gain") else 0
        data = [centre + (next(uniform) - 0.5) * 0.6 for _ in range(math.prod(shape))]
        values[name] = torch.tensor(numpy.float32(data)).reshape(shape).requires_grad_()
    return values


def feature_table(seed):
    uniform = uniform_source(seed)
    data = [next(uniform) * 2 - 1 for _ in range(ITEMS * FEATURES)]
    return torch.tensor(numpy.float32(data)).reshape(ITEMS, FEATURES)


def draw_batch(seed):
    uniform = uniform_source(seed)
    padding = [math.floor(next(uniform) * LENGTH) for _ in range(BATCH)]
    history = [math.floor(next(uniform) * ITEMS) for _ in range(BATCH * LENGTH)]
    target = [math.floor(next(uniform) * ITEMS) for _ in range(BATCH)]
    mask = [[1.0 if place >= padding[row] else 0.0 for place in range(LENGTH)] for row in range(BATCH)]
    weight = [1.0] * (BATCH - 1) + [0.0]
    return torch.tensor(history).reshape(BATCH, LENGTH), torch.tensor(mask), torch.tensor(target), torch.tensor(weight)


def loss_of(p, text, image, batch):
    history, mask, target, weight = batch

    def modality(group, x):
        gates = F.softmax(x @ p[f"{group}/gate.weight"], dim=-1)
        outputs = x @ p[f"{group}/expert.weight"] + p[f"{group}/expert.bias"]
        return (outputs.reshape(ITEMS, EXPERTS, WIDTH) * gates.unsqueeze(-1)).sum(1)

    def norm(x, group):
        return F.layer_norm(x, [WIDTH], p[f"{group}/gain"], p[f"{group}/bias"], eps=LAYER_NORM_EPSILON)

    def heads(x):
        return x.reshape(BATCH, LENGTH, HEADS, WIDTH // HEADS).transpose(1, 2)

    t, i = modality("item.text", text), modality("item.image", image)
    catalogue = t + i + 0.1 * t * i
    hidden = norm(F.embedding(history, catalogue) + p["sequence.position/embedding"], "item.norm")
    future = torch.triu(torch.ones(LENGTH, LENGTH), diagonal=1) * -1e9
    hidden_keys = (1 - mask).reshape(BATCH, 1, 1, LENGTH) * -1e9
    for block in range(BLOCKS):
        group = f"sequence.block.{block}"
        query, key, value = (heads(hidden @ p[f"{group}.attention/{part}.weight"]) for part in ["query", "key", "value"])
        scores = query @ key.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + (hidden_keys + future)
        mixed = (F.softmax(scores, dim=-1) @ value).transpose(1, 2).reshape(BATCH, LENGTH, WIDTH)
        if block == BLOCKS - 1:
            hidden, mixed = hidden[:, -1:], mixed[:, -1:]
        hidden = norm(hidden + mixed @ p[f"{group}.attention/output.weight"], f"{group}.attention.norm")
        inner = F.gelu(hidden @ p[f"{group}.feedforward/inner.weight"] + p[f"{group}.feedforward/inner.bias"])
        hidden = norm(hidden + inner @ p[f"{group}.feedforward/outer.weight"], f"{group}.feedforward.norm")
    user = F.normalize(hidden[:, -1], dim=-1)
    logits = user @ F.normalize(catalogue, dim=-1).T / 0.07
    losses = F.cross_entropy(logits, target, reduction="none")
    return (losses * weight).sum() / weight.sum()


LAYER_NORM_EPSILON = 1e-5


def train(trained):
    values = initial_values()
    text, image = feature_table(1), feature_table(2)
    chosen = [value for name, value in values.items() if trained(name)]
    for name, value in values.items():
        value.requires_grad_(trained(name))
    optimizer = torch.optim.Adam(chosen, lr=LEARNING_RATE)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(values, text, image, draw_batch(step))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(chosen, CLIP)
        optimizer.step()
        losses.append(loss.item())
    return losses


PARTS = {
    "everything": lambda name: True,
    "sequence": lambda name: name.startswith("sequence."),
    "items": lambda name: name.startswith("item."),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps({part: train(trained) for part, trained in PARTS.items()}, indent=1))
