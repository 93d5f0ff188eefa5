"""The recommender of shop-transformer.ts in PyTorch: the same values, batches and losses."""

import math

import numpy
import torch
import torch.nn.functional as F

from histories import draw_histories
from uniform_source import UniformSource

MODALITIES = ["text", "image", "price"]
HEADS = 2


class ShopTransformer:
    def __init__(self, sizes, kind, trained):
        self.sizes, self.kind = sizes, kind
        uniform = UniformSource(3)
        self.values = {}
        for name, shape in parameter_shapes(sizes):
            centre = 1 if name.endswith("gain") else 0
            spread = 0.2 if len(shape) == 1 else 2 / math.sqrt(shape[0])
            data = centre + (uniform.take(math.prod(shape)) - 0.5) * spread
            self.values[name] = tensor(data, shape).requires_grad_(trained(name))
        rows = sizes["items"]
        self.features = {
            name: tensor(UniformSource(at + 1).take(rows * sizes[name]) * 2 - 1, [rows, sizes[name]])
            for at, name in enumerate(MODALITIES)
        }
        self.frozen_items = None
        if not any(trained(name) for name in self.values if name.startswith("item.")):
            with torch.no_grad():
                self.frozen_items = self.item_vectors()

    def draw_batch(self, seed):
        s, uniform = self.sizes, UniformSource(seed)
        rows, length = s["batch"], s["length"]
        history, mask = draw_histories(uniform, s)
        drawn = {"history": torch.tensor(history), "mask": torch.tensor(mask)}
        if self.kind == "last":
            drawn["target"] = torch.tensor(uniform.below(s["items"], rows))
        else:
            drawn["target"] = torch.tensor(uniform.below(s["items"], rows * length))
            drawn["samples"] = torch.tensor(uniform.below(s["items"], s["samples"]))
        return drawn

    def loss(self, batch):
        catalogue = self.item_vectors() if self.frozen_items is None else self.frozen_items
        states = self.encode(catalogue, batch)
        scale = 1 / math.sqrt(self.sizes["width"])
        target = batch["target"]
        if self.kind == "last":
            return F.cross_entropy(states @ catalogue.T * scale, target)
        samples = batch["samples"]
        positive = (states * F.embedding(target, catalogue)).sum(-1, keepdim=True) * scale
        negatives = states @ F.embedding(samples, catalogue).T * scale
        negatives = negatives.masked_fill(target[:, None] == samples[None, :], -1e9)
        logits = torch.cat([positive, negatives], 1)
        losses = F.cross_entropy(logits, torch.zeros_like(target), reduction="none")
        weights = batch["mask"].reshape(-1)
        return (losses * weights).sum() / weights.sum()

    def item_vectors(self):
        p, s = self.values, self.sizes
        tokens = torch.stack([F.linear(self.features[m], p[f"item.{m}/weight"].T, p[f"item.{m}/bias"]) for m in MODALITIES], 1)
        mixed = self.attend(tokens, "item.attention", None)
        return self.norm(tokens + mixed @ p["item.attention/output.weight"], "item.attention.norm").mean(1)

    def encode(self, catalogue, batch):
        p, s = self.values, self.sizes
        length, blocks = s["length"], s["blocks"]
        state = F.embedding(batch["history"], catalogue) + p["sequence.position/embedding"]
        future = torch.triu(torch.ones(length, length), diagonal=1) * -1e9
        mask = (1 - batch["mask"])[:, None, None, :] * -1e9 + future
        for block in range(blocks):
            group = f"sequence.block.{block}"
            mixed = self.attend(self.norm(state, f"{group}.attention.norm"), f"{group}.attention", mask)
            if self.kind == "last" and block == blocks - 1:
                state, mixed = state[:, -1:], mixed[:, -1:]
            state = state + mixed @ p[f"{group}.attention/output.weight"]
            own = f"{group}.feedforward"
            read = self.norm(state, f"{own}.norm")
            inner = F.gelu(F.linear(read, p[f"{own}/inner.weight"].T, p[f"{own}/inner.bias"]))
            state = state + F.linear(inner, p[f"{own}/outer.weight"].T, p[f"{own}/outer.bias"])
        return self.norm(state, "sequence.norm").reshape(-1, s["width"])

    def attend(self, x, group, mask):
        p = self.values
        rows, count, width = x.shape

        def heads(part):
            return (x @ p[f"{group}/{part}.weight"]).reshape(rows, count, HEADS, width // HEADS).transpose(1, 2)

        scores = heads("query") @ heads("key").transpose(-1, -2) / math.sqrt(width // HEADS)
        weights = F.softmax(scores if mask is None else scores + mask, dim=-1)
        return (weights @ heads("value")).transpose(1, 2).reshape(rows, count, width)

    def norm(self, x, group):
        return F.layer_norm(x, [self.sizes["width"]], self.values[f"{group}/gain"], self.values[f"{group}/bias"])


def tensor(data, shape):
    return torch.tensor(numpy.float32(data)).reshape(shape)


def norm_shapes(group, width):
    yield f"{group}/gain", [width]
    yield f"{group}/bias", [width]


def attention_shapes(group, width):
    for part in ["query", "key", "value", "output"]:
        yield f"{group}/{part}.weight", [width, width]
    yield from norm_shapes(f"{group}.norm", width)


def parameter_shapes(s):
    width, inner = s["width"], s["inner"]
    for name in MODALITIES:
        yield f"item.{name}/weight", [s[name], width]
        yield f"item.{name}/bias", [width]
    yield from attention_shapes("item.attention", width)
    yield "sequence.position/embedding", [s["length"], width]
    for block in range(s["blocks"]):
        group = f"sequence.block.{block}"
        yield from attention_shapes(f"{group}.attention", width)
        yield f"{group}.feedforward/inner.weight", [width, inner]
        yield f"{group}.feedforward/inner.bias", [inner]
        yield f"{group}.feedforward/outer.weight", [inner, width]
        yield f"{group}.feedforward/outer.bias", [width]
        yield from norm_shapes(f"{group}.feedforward.norm", width)
    yield from norm_shapes("sequence.norm", width)
