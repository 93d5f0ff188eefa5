import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { tf } from '../engine.ts';
import {
  drawOperands,
  evaluate,
  finiteDifferences,
  relativeError,
  type DifferentiableCase,
  type Operand,
} from '../testing/gradient-check.ts';
import { TRACE_BACKEND } from './backend.ts';
import { SUPPORTED_KERNELS } from './install.ts';
import { compositeKernels } from './kernels/composite.ts';

const matrix: Operand = { shape: [3, 4] };
const positive: Operand = { shape: [3, 4], range: [0.5, 3] };
/** Away from zero, where an absolute value or a sign has its kink. */
const above: Operand = { shape: [3, 4], range: [0.3, 2] };

function of(name: string, tensors: Readonly<Record<string, tf.Tensor>>): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`no operand ${name}`);
  return tensor;
}

function unary(operand: Operand, compute: (x: tf.Tensor) => tf.Tensor): DifferentiableCase {
  return { operands: { x: operand }, compute: (tensors) => compute(of('x', tensors)) };
}

function binary(a: Operand, b: Operand, compute: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): DifferentiableCase {
  return { operands: { a, b }, compute: (tensors) => compute(of('a', tensors), of('b', tensors)) };
}

/** Every operation with a gradient. */
const smooth: Readonly<Record<string, DifferentiableCase>> = {
  'add with broadcasting': binary(matrix, { shape: [4] }, tf.add),
  'add of a column and a row': binary({ shape: [3, 1] }, { shape: [1, 4] }, tf.add),
  'sub with broadcasting': binary({ shape: [2, 3, 4] }, { shape: [3, 1] }, tf.sub),
  'mul with broadcasting': binary(matrix, { shape: [3, 1] }, tf.mul),
  'mul by a scalar': binary(matrix, { shape: [] }, tf.mul),
  'div with broadcasting': binary(matrix, { shape: [4], range: [0.5, 2] }, tf.div),
  'squared difference': binary(matrix, matrix, tf.squaredDifference),
  maximum: binary({ shape: [5], range: [0, 1] }, { shape: [5], range: [1.2, 2] }, tf.maximum),
  minimum: binary({ shape: [5], range: [0, 1] }, { shape: [5], range: [1.2, 2] }, tf.minimum),
  'maximum with a number': unary(above, (x) => tf.maximum(x, 0.1)),
  'pow 1.5': unary(positive, (x) => tf.pow(x, 1.5)),
  'pow 2': unary(positive, (x) => tf.pow(x, 2)),
  'pow 2.7': unary(positive, (x) => tf.pow(x, 2.7)),
  addN: binary(matrix, matrix, (a, b) => tf.addN([a, b, a])),
  abs: unary(above, tf.abs),
  cos: unary(matrix, tf.cos),
  sin: unary(matrix, tf.sin),
  elu: unary({ shape: [3, 4], range: [-2, -0.2] }, tf.elu),
  erf: unary(matrix, tf.erf),
  exp: unary(matrix, tf.exp),
  expm1: unary(matrix, tf.expm1),
  log: unary(positive, tf.log),
  log1p: unary(positive, tf.log1p),
  leakyRelu: unary({ shape: [3, 4], range: [-2, -0.2] }, (x) => tf.leakyRelu(x, 0.1)),
  neg: unary(matrix, tf.neg),
  reciprocal: unary(positive, tf.reciprocal),
  'relu above zero': unary(above, tf.relu),
  'relu below zero': unary({ shape: [4], range: [-2, -0.2] }, tf.relu),
  relu6: unary(above, tf.relu6),
  rsqrt: unary(positive, tf.rsqrt),
  sigmoid: unary(matrix, tf.sigmoid),
  softplus: unary(matrix, tf.softplus),
  sqrt: unary(positive, tf.sqrt),
  square: unary(matrix, tf.square),
  tanh: unary(matrix, tf.tanh),
  'clip inside': unary(above, (x) => tf.clipByValue(x, -3, 3)),
  'where by a fixed mask': binary(matrix, matrix, (a, b) =>
    tf.where(tf.tensor2d([1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0], [3, 4], 'bool'), a, b),
  ),
  'matMul 2-D': binary(matrix, { shape: [4, 2] }, (a, b) => tf.matMul(a, b)),
  'matMul 2-D, left transposed': binary({ shape: [4, 3] }, { shape: [4, 2] }, (a, b) => tf.matMul(a, b, true)),
  'matMul 2-D, right transposed': binary(matrix, { shape: [2, 4] }, (a, b) => tf.matMul(a, b, false, true)),
  'matMul 2-D, both transposed': binary({ shape: [4, 3] }, { shape: [2, 4] }, (a, b) => tf.matMul(a, b, true, true)),
  'matMul batched': binary({ shape: [2, 3, 4] }, { shape: [2, 4, 2] }, (a, b) => tf.matMul(a, b)),
  'matMul batched, left transposed': binary({ shape: [2, 4, 3] }, { shape: [2, 4, 2] }, (a, b) =>
    tf.matMul(a, b, true),
  ),
  'matMul batched, right transposed': binary({ shape: [2, 2, 3, 4] }, { shape: [2, 2, 2, 4] }, (a, b) =>
    tf.matMul(a, b, false, true),
  ),
  'matMul, batch of one': binary({ shape: [1, 3, 4] }, { shape: [1, 2, 4] }, (a, b) => tf.matMul(a, b, false, true)),
  'fused matMul with bias and relu': {
    operands: {
      a: { shape: [3, 4], range: [0.1, 1] },
      b: { shape: [4, 2], range: [0.1, 1] },
      bias: { shape: [2], range: [0.1, 1] },
    },
    compute: (t) =>
      tf.fused.matMul({
        a: of('a', t),
        b: of('b', t),
        bias: of('bias', t),
        activation: 'relu',
      }),
  },
  dot: binary({ shape: [4] }, { shape: [4] }, (a, b) => tf.dot(a, b)),
  softmax: unary({ shape: [2, 3, 4] }, (x) => tf.softmax(x)),
  logSoftmax: unary(matrix, (x) => tf.logSoftmax(x)),
  'sum of all': unary(matrix, (x) => tf.sum(x)),
  'sum over the first axis': unary(matrix, (x) => tf.sum(x, 0)),
  'sum over two axes, kept': unary({ shape: [2, 3, 4] }, (x) => tf.sum(x, [0, 2], true)),
  'mean of all': unary(matrix, (x) => tf.mean(x)),
  'mean over the last axis, kept': unary({ shape: [2, 3, 4] }, (x) => tf.mean(x, -1, true)),
  'max over an axis': unary({ shape: [1, 4], range: [0, 9] }, (x) => tf.max(x, 1)),
  'min over an axis': unary({ shape: [1, 4], range: [0, 9] }, (x) => tf.min(x, 1)),
  cumsum: unary(matrix, (x) => tf.cumsum(x, 1)),
  'cumsum, exclusive and reversed': unary(matrix, (x) => tf.cumsum(x, 1, true, true)),
  moments: unary(matrix, (x) => tf.moments(x, 1).variance),
  norm: unary(above, (x) => tf.norm(x, 2, 1)),
  logSumExp: unary(matrix, (x) => tf.logSumExp(x, 1)),
  reshape: unary(matrix, (x) => tf.reshape(x, [2, -1])),
  flatten: unary(matrix, (x) => tf.reshape(x, [-1])),
  transpose: unary(matrix, (x) => tf.transpose(x)),
  'transpose of four axes': unary({ shape: [2, 3, 2, 2] }, (x) => tf.transpose(x, [0, 2, 1, 3])),
  'transpose of axes of length 1': unary({ shape: [1, 3, 1, 2] }, (x) => tf.transpose(x, [2, 1, 0, 3])),
  slice: unary(matrix, (x) => tf.slice(x, [1, 1], [2, -1])),
  'slice of leading axes': unary(matrix, (x) => tf.slice(x, 1, 1)),
  concat: binary(matrix, { shape: [3, 2] }, (a, b) => tf.concat([a, b], 1)),
  stack: binary(matrix, matrix, (a, b) => tf.stack([a, b], 1)),
  unstack: unary(matrix, (x) => tf.mul(tf.unstack(x, 1)[2] ?? x, 2)),
  split: unary(matrix, (x) => tf.mul(...(tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor]))),
  'split by sizes': unary(matrix, (x) => tf.square(tf.split(x, [1, 3], 1)[1] ?? x)),
  expandDims: unary(matrix, (x) => tf.expandDims(x, 1)),
  'expandDims from behind': unary(matrix, (x) => tf.expandDims(x, -1)),
  squeeze: unary({ shape: [3, 1, 4] }, (x) => tf.squeeze(x)),
  pad: unary(matrix, (x) =>
    tf.pad(x, [
      [1, 0],
      [2, 1],
    ]),
  ),
  tile: unary(matrix, (x) => tf.tile(x, [2, 1])),
  'tile of an axis of length 1': unary({ shape: [3, 1] }, (x) => tf.square(tf.tile(x, [1, 4]))),
  broadcastTo: unary({ shape: [4] }, (x) => tf.square(tf.broadcastTo(x, [3, 4]))),
  reverse: unary(matrix, (x) => tf.reverse(x, 1)),
  cast: unary(matrix, (x) => tf.cast(x, 'float32')),
  gather: {
    operands: { table: { shape: [5, 3] }, places: { shape: [2, 4], range: [0, 5], integer: true } },
    compute: (t) => tf.gather(of('table', t), of('places', t)),
  },
  'gather of columns': {
    operands: { table: { shape: [2, 5] }, places: { shape: [6], range: [0, 5], integer: true } },
    compute: (t) => tf.gather(of('table', t), of('places', t), 1),
  },
  'multiplication by a mask': {
    operands: { x: matrix, mask: { shape: [3, 4], range: [0, 2], integer: true } },
    compute: (t) => tf.mul(of('x', t), tf.cast(of('mask', t), 'float32')),
  },
  'gradients through sums of broadcast ones': unary(matrix, (x) =>
    tf.mean(tf.square(tf.sub(x, tf.mean(tf.mul(x, tf.onesLike(x)), 0, true)))),
  ),
};

/** Operations whose results do not move with their operands, or move in jumps. */
const discrete: Readonly<Record<string, DifferentiableCase>> = {
  'greater and less': binary(matrix, matrix, (a, b) => tf.logicalOr(tf.greater(a, b), tf.less(a, 0))),
  'greaterEqual and lessEqual': binary(matrix, matrix, (a, b) =>
    tf.logicalAnd(tf.greaterEqual(a, b), tf.lessEqual(a, 1)),
  ),
  'equal and notEqual': {
    operands: { a: { shape: [9], range: [0, 3], integer: true }, b: { shape: [9], range: [0, 3], integer: true } },
    compute: (t) => tf.logicalXor(tf.equal(of('a', t), of('b', t)), tf.notEqual(of('a', t), tf.scalar(1, 'int32'))),
  },
  logicalNot: unary(matrix, (x) => tf.logicalNot(tf.cast(tf.relu(x), 'bool'))),
  'all and any': unary(matrix, (x) => tf.concat([tf.all(tf.greater(x, -1), 1), tf.any(tf.greater(x, 1), 1)])),
  ceil: unary(matrix, tf.ceil),
  floor: unary(matrix, tf.floor),
  round: unary(matrix, tf.round),
  sign: unary(matrix, tf.sign),
  step: unary(matrix, (x) => tf.step(x, 0.25)),
  isNaN: unary(matrix, (x) => tf.isNaN(tf.log(x))),
  'cast to int32': unary(matrix, (x) => tf.cast(x, 'int32')),
  'integer division': {
    operands: { a: { shape: [9], range: [-9, 9], integer: true }, b: { shape: [9], range: [1, 4], integer: true } },
    compute: (t) => tf.floorDiv(of('a', t), of('b', t)),
  },
  'integer arithmetic': {
    operands: { a: { shape: [9], range: [-9, 9], integer: true }, b: { shape: [3, 9], range: [1, 4], integer: true } },
    compute: (t) => tf.sum(tf.sub(tf.mul(of('a', t), of('b', t)), tf.maximum(of('a', t), of('b', t))), 1),
  },
  argMax: unary(matrix, (x) => tf.argMax(x, 1)),
  argMin: unary(matrix, (x) => tf.argMin(x, 0)),
  prod: unary(positive, (x) => tf.prod(x, 1)),
  gatherND: {
    operands: {
      table: { shape: [4, 3] },
      rows: { shape: [6], range: [0, 4], integer: true },
      columns: { shape: [6], range: [0, 3], integer: true },
    },
    compute: (t) => tf.gatherND(of('table', t), tf.stack([of('rows', t), of('columns', t)], 1)),
  },
  'topk values': unary({ shape: [3, 7] }, (x) => tf.topk(x, 3).values),
  'topk places': unary({ shape: [3, 7] }, (x) => tf.topk(x, 3).indices),
  oneHot: {
    operands: { places: { shape: [5], range: [0, 4], integer: true } },
    compute: (t) => tf.oneHot(of('places', t), 4),
  },
  scatterND: {
    operands: { places: { shape: [40, 1], range: [0, 3], integer: true }, updates: { shape: [40, 2] } },
    compute: (t) => tf.scatterND(of('places', t), of('updates', t), [4, 2]),
  },
  'scatterND in two axes': {
    operands: { places: { shape: [20, 2], range: [0, 3], integer: true }, updates: { shape: [20] } },
    compute: (t) => tf.scatterND(of('places', t), of('updates', t), [4, 3]),
  },
  unsortedSegmentSum: {
    operands: { segments: { shape: [30], range: [0, 5], integer: true }, x: { shape: [30, 3] } },
    compute: (t) => tf.unsortedSegmentSum(of('x', t), of('segments', t) as tf.Tensor1D, 5),
  },
  range: unary({ shape: [4] }, (x) => tf.mul(x, tf.range(0, 4))),
  fill: unary(matrix, (x) => tf.add(x, tf.fill(x.shape, 2.5))),
  'eye and zeros': unary({ shape: [3, 3] }, (x) => tf.sub(tf.mul(x, tf.eye(3)), tf.zeros([3, 3]))),
  'mean of integers': {
    operands: { a: { shape: [3, 5], range: [0, 9], integer: true } },
    compute: (t) => tf.mean(of('a', t), 1),
  },
};

const traced = new Set<string>();
const runKernel = tf.engine().runKernel.bind(tf.engine());

beforeAll(() => {
  tf.engine().runKernel = (name, inputs, attributes) => {
    if (tf.getBackend() === TRACE_BACKEND) traced.add(name);
    return runKernel(name, inputs, attributes);
  };
});

afterAll(() => {
  tf.engine().runKernel = runKernel;
});

describe('a traced operation', () => {
  test.each(Object.entries(smooth))(
    '%s: value and gradients are those of the cpu runtime and of finite differences',
    async (_, example) => {
      const values = drawOperands(example, 11);
      const [traced, reference, differences] = await Promise.all([
        evaluate(example, values, 'onnx'),
        evaluate(example, values, 'cpu'),
        finiteDifferences(example, values),
      ]);
      expect(relativeError(traced.value, reference.value)).toBeLessThan(2e-6);
      expect(Object.keys(traced.gradients)).not.toHaveLength(0);
      for (const [name, gradient] of Object.entries(traced.gradients)) {
        expect(relativeError(gradient, reference.gradients[name] ?? [])).toBeLessThan(5e-6);
        const { places, slopes } = differences[name] ?? { places: [], slopes: [] };
        expect(places).not.toHaveLength(0);
        const scale = Math.max(...gradient.map(Math.abs), 1e-3);
        for (const [i, place] of places.entries()) {
          expect(Math.abs((gradient[place] ?? 0) - (slopes[i] ?? 0)) / scale).toBeLessThan(1e-4);
        }
      }
    },
  );

  test.each(Object.entries(discrete))('%s: value is that of the cpu runtime', async (_, example) => {
    const values = drawOperands(example, 5);
    const traced = await evaluate(example, values, 'onnx', 'value only');
    const reference = await evaluate(example, values, 'cpu', 'value only');
    expect(traced.value.length).toBeGreaterThan(0);
    expect(relativeError(traced.value, reference.value)).toBeLessThan(2e-6);
  });

  test('every kernel that can be compiled was checked', () => {
    // What only composites use is checked with them.
    const ofComposites = new Set([...Object.keys(compositeKernels), 'LogSoftmax']);
    const unchecked = SUPPORTED_KERNELS.filter((name) => !ofComposites.has(name) && !traced.has(name));
    expect(unchecked).toEqual([]);
  });
});
