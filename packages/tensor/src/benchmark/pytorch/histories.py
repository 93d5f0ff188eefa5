"""What the batches of both models begin with."""

import numpy


def draw_histories(uniform, sizes):
    """Histories (batch, length) of item numbers, and their mask, 0 for the padding on the left."""
    rows, length = sizes["batch"], sizes["length"]
    padding = uniform.below(length, rows)
    history = uniform.below(sizes["items"], rows * length).reshape(rows, length)
    return history, (numpy.arange(length) >= padding[:, None]).astype(numpy.float32)
