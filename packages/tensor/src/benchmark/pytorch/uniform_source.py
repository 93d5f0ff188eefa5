"""The number rule of uniform-source.ts, a whole stretch at a time: a catalogue's features are millions of draws."""

import numpy

MULTIPLIER, INCREMENT = 1664525, 1013904223
MASK = numpy.uint64(0xFFFFFFFF)


class UniformSource:
    """Numbers in [0, 1) that repeat for the same seed."""

    def __init__(self, seed):
        self.state = numpy.uint64(seed & 0xFFFFFFFF)

    def take(self, count):
        """The next `count` numbers: states after 2n draws follow from those after n by one affine step."""
        states = numpy.empty(count, dtype=numpy.uint64)
        factor, shift = numpy.uint64(MULTIPLIER), numpy.uint64(INCREMENT)
        if count == 0:
            return states.astype(numpy.float64)
        states[0] = (self.state * factor + shift) & MASK
        known = 1
        while known < count:
            more = min(known, count - known)
            states[known : known + more] = (states[:more] * factor + shift) & MASK
            factor, shift = (factor * factor) & MASK, (factor * shift + shift) & MASK
            known += more
        self.state = states[-1]
        return states / 2**32

    def below(self, limit, count):
        return numpy.floor(self.take(count) * limit).astype(numpy.int64)
