"""The miniature recommender of small-transformer.ts in PyTorch: the same values, batches and losses."""

import math

import numpy
import torch
import torch.nn.functional as F

from histories import draw_histories
from uniform_source import UniformSource

HEADS = 2
LAYER_NORM_EPSILON = 1e-5


class SmallTransformer:
    def __init__(self, sizes, trained):
        self.sizes = sizes
        uniform = UniformSource(3)
        self.values = {}
        for name, shape in parameter_shapes(sizes):
            centre = 1 if name.endswith("gain") else 0
            data = centre + (uniform.take(math.prod(shape)) - 0.5) * 0.6
            self.values[name] = tensor(data, shape).requires_grad_(trained(name))
        shape = [sizes["items"], sizes["features"]]
        self.features = {
            group: tensor(UniformSource(seed).take(math.prod(shape)) * 2 - 1, shape)
            for seed, group in [(1, "item.text"), (2, "item.image")]
        }
        self.frozen_catalogue = None
        if not any(trained(name) for group in self.features for name in self.values if name.startswith(group)):
            with torch.no_grad():
                self.frozen_catalogue = self.catalogue()

    def draw_batch(self, seed):
        s, uniform = self.sizes, UniformSource(seed)
        rows = s["batch"]
        history, mask = draw_histories(uniform, s)
        target = uniform.below(s["items"], rows)
        weight = numpy.ones(rows, dtype=numpy.float32)
        weight[-1] = 0
        return [torch.tensor(part) for part in (history, mask, target, weight)]

    def loss(self, batch):
        history, mask, target, weight = batch
        p, s = self.values, self.sizes
        width, length, blocks = s["width"], s["length"], s["blocks"]
        rows = s["batch"]

        def norm(x, group):
            return F.layer_norm(x, [width], p[f"{group}/gain"], p[f"{group}/bias"], eps=LAYER_NORM_EPSILON)

        def heads(x):
            return x.reshape(rows, length, HEADS, width // HEADS).transpose(1, 2)

        catalogue = self.catalogue() if self.frozen_catalogue is None else self.frozen_catalogue
        hidden = norm(F.embedding(history, catalogue) + p["sequence.position/embedding"], "item.norm")
        future = torch.triu(torch.ones(length, length), diagonal=1) * -1e9
        hidden_keys = (1 - mask).reshape(rows, 1, 1, length) * -1e9
        for block in range(blocks):
            group = f"sequence.block.{block}"
            query, key, value = (
                heads(hidden @ p[f"{group}.attention/{part}.weight"]) for part in ["query", "key", "value"]
            )
            scores = query @ key.transpose(-1, -2) / math.sqrt(width // HEADS) + (hidden_keys + future)
            mixed = (F.softmax(scores, dim=-1) @ value).transpose(1, 2).reshape(rows, length, width)
            if block == blocks - 1:
                hidden, mixed = hidden[:, -1:], mixed[:, -1:]
            hidden = norm(hidden + mixed @ p[f"{group}.attention/output.weight"], f"{group}.attention.norm")
            inner = F.gelu(hidden @ p[f"{group}.feedforward/inner.weight"] + p[f"{group}.feedforward/inner.bias"])
            hidden = norm(hidden + inner @ p[f"{group}.feedforward/outer.weight"], f"{group}.feedforward.norm")
        user = F.normalize(hidden[:, -1], dim=-1)
        logits = user @ F.normalize(catalogue, dim=-1).T / 0.07
        losses = F.cross_entropy(logits, target, reduction="none")
        return (losses * weight).sum() / weight.sum()

    def catalogue(self):
        text, image = (self.modality(group) for group in ["item.text", "item.image"])
        return text + image + 0.1 * text * image

    def modality(self, group):
        p, s, x = self.values, self.sizes, self.features[group]
        gates = F.softmax(x @ p[f"{group}/gate.weight"], dim=-1)
        outputs = F.linear(x, p[f"{group}/expert.weight"].T, p[f"{group}/expert.bias"])
        return (outputs.reshape(s["items"], s["experts"], s["width"]) * gates.unsqueeze(-1)).sum(1)


def tensor(data, shape):
    return torch.tensor(numpy.float32(data)).reshape(shape)


def parameter_shapes(s):
    features, experts, width = s["features"], s["experts"], s["width"]
    for group in ["item.text", "item.image"]:
        yield f"{group}/expert.weight", [features, experts * width]
        yield f"{group}/expert.bias", [experts * width]
        yield f"{group}/gate.weight", [features, experts]
    yield from norm_shapes("item.norm", width)
    yield "sequence.position/embedding", [s["length"], width]
    for block in range(s["blocks"]):
        group = f"sequence.block.{block}"
        for part in ["query", "key", "value", "output"]:
            yield f"{group}.attention/{part}.weight", [width, width]
        yield from norm_shapes(f"{group}.attention.norm", width)
        yield f"{group}.feedforward/inner.weight", [width, 2 * width]
        yield f"{group}.feedforward/inner.bias", [2 * width]
        yield f"{group}.feedforward/outer.weight", [2 * width, width]
        yield from norm_shapes(f"{group}.feedforward.norm", width)


def norm_shapes(group, width):
    yield f"{group}/gain", [width]
    yield f"{group}/bias", [width]
