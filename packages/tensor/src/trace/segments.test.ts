import { describe, expect, test } from 'vitest';

import { tf } from '../engine.ts';
import type { Port } from '../runtime/executable.ts';
import { drawBatch, initialValues, SMALL, smallTransformer } from '../benchmark/small-transformer.ts';
import { BatchContract } from '../runtime/batch-contract.ts';
import { flatLayout } from '../training/flat-layout.ts';
import { optimizerFor } from '../training/optimizer/optimizer-for.ts';
import { stepProgram } from '../training/step-program.ts';
import type { Node } from './graph.ts';
import { segmentsOf, valueName, type Segments } from './segments.ts';
import { trace } from './trace.ts';

function segmentsWhen(trainable: (name: string) => boolean): Segments {
  const { loss, options } = smallTransformer(SMALL, 0.1);
  const program = stepProgram({
    loss,
    options: { ...options, optimizer: { kind: 'adam' } },
    optimizer: optimizerFor({ kind: 'adam' }),
    layout: flatLayout(options.parameters.filter(({ name }) => trainable(name))),
    inputs: new BatchContract().accept(drawBatch(SMALL, 0)).ports,
  });
  return segmentsOf(trace(program));
}

/** Multiplications of the matrix products, the measure of what a step costs. */
function products(nodes: readonly Node[]): number {
  return nodes
    .filter(({ op }) => op === 'MatMul' || op === 'Gemm' || op === 'FusedMatMul')
    .map(({ inputs, outputs }) => {
      const size = (shape: readonly number[] = []): number => shape.reduce((a, b) => a * b, 1);
      const [left, right, out] = [inputs[0]?.shape, inputs[1]?.shape, outputs[0]?.shape];
      // rows * inner * columns per batch = sqrt of the product of the three sizes.
      const batch = size(out?.slice(0, -2));
      return batch * Math.sqrt(size(left?.slice(-2)) * size(right?.slice(-2)) * size(out?.slice(-2)));
    })
    .reduce((sum, cost) => sum + cost, 0);
}

const port = (name: string, changes: 'fixed' | 'fed', shape = [2, 2]): Port => ({
  name,
  shape,
  dtype: 'float32',
  changes,
});

function ops(nodes: readonly Node[]): string[] {
  return nodes.map(({ op }) => op);
}

describe('the split of a traced step', () => {
  test('freezing the item encoders moves them out of the step, forward and backward', () => {
    const everything = products(segmentsWhen(() => true).fed.nodes);
    const blocksOnly = segmentsWhen((name) => name.startsWith('sequence.'));
    expect(products(blocksOnly.fixed.nodes)).toBeGreaterThan(0);
    const used = blocksOnly.fed.inputs.map(valueName);
    expect(used.filter((name) => name.startsWith('parameter:item.text') || name.startsWith('constant:'))).toEqual([]);
    expect(products(blocksOnly.fed.nodes)).toBeLessThan(everything * 0.85);
  });

  test('freezing the blocks removes the gradients of their weights but keeps the way through them', () => {
    const everything = segmentsWhen(() => true).fed;
    const itemsOnly = segmentsWhen((name) => name.startsWith('item.')).fed;
    expect(products(itemsOnly.nodes)).toBeLessThan(products(everything.nodes) * 0.85);
    expect(itemsOnly.inputs.map(valueName)).toContain('parameter:sequence.block.0.attention/query.weight');
  });

  test('every parameter of the model is either fed, used by the fixed part, or folded away', () => {
    const { fixed, fed } = segmentsWhen((name) => name.startsWith('sequence.position'));
    const used = new Set([...fixed.inputs, ...fed.inputs].map(valueName));
    for (const name of initialValues(smallTransformer(SMALL, 0).options).keys())
      expect(used).toContain(`parameter:${name}`);
  });

  test('what no output needs is not computed', () => {
    const { fixed, fed } = segmentsOf(
      trace({
        ports: [port('x', 'fed'), port('c', 'fixed')],
        body: ({ x = tf.scalar(0), c = tf.scalar(0) }) => {
          tf.matMul(tf.exp(x), tf.log(c));
          return { out: tf.add(x, tf.sqrt(c)) };
        },
      }),
    );
    expect(ops(fixed.nodes)).toEqual(['Sqrt']);
    expect(ops(fed.nodes)).toEqual(['Add']);
  });

  test('the same operation on the same operands is computed once', () => {
    const { fed } = segmentsOf(
      trace({
        ports: [port('x', 'fed')],
        body: ({ x = tf.scalar(0) }) => ({ out: tf.matMul(tf.exp(x), tf.exp(x)) }),
      }),
    );
    expect(ops(fed.nodes)).toEqual(['Exp', 'MatMul']);
  });

  test('ones and zeros of gradients are never written out', () => {
    const { fed } = segmentsOf(
      trace({
        ports: [port('x', 'fed', [64, 64])],
        body: ({ x = tf.scalar(0) }) => ({ out: tf.grad((y) => tf.mean(tf.square(y)))(x) }),
      }),
    );
    expect(ops(fed.nodes)).not.toContain('Expand');
    expect(fed.nodes.length).toBeLessThanOrEqual(3);
  });

  test('rows are added up by the operation that does so one after the other', () => {
    // ScatterND with additions loses some when two threads meet at a row, which a test by values sees only now and then.
    const { fed } = segmentsOf(
      trace({
        ports: [port('x', 'fed', [6, 2])],
        body: ({ x = tf.scalar(0) }) => ({
          points: tf.scatterND(tf.tensor2d([[0], [1], [0], [1], [0], [1]], [6, 1], 'int32'), x, [2, 2]),
          segments: tf.unsortedSegmentSum(x, tf.tensor1d([0, 1, 0, 1, 0, 0], 'int32'), 2),
        }),
      }),
    );
    expect(ops(fed.nodes).filter((op) => op.startsWith('Scatter'))).toEqual(['ScatterElements', 'ScatterElements']);
  });
});
