import { sizeOf } from '../safetensors/tensor-file.ts';
import { BatchContract } from '../runtime/batch-contract.ts';
import { segmentsOf } from '../trace/segments.ts';
import { trace } from '../trace/trace.ts';
import { flatLayout } from '../training/flat-layout.ts';
import { optimizerFor } from '../training/optimizer/optimizer-for.ts';
import { stepProgram } from '../training/step-program.ts';
import { definitionOf, type Workload } from './workload.ts';

const PRODUCTS: ReadonlySet<string> = new Set(['Gemm', 'MatMul', 'FusedMatMul']);

/** Floating-point operations of the matrix products in one step, a multiplication and an addition counted as two. */
export function stepArithmetic(workload: Workload): number {
  const { loss, options, batch } = definitionOf(workload);
  const program = stepProgram({
    loss,
    options,
    optimizer: optimizerFor(options.optimizer),
    layout: flatLayout(options.parameters.filter(({ name }) => options.trainable?.(name) ?? true)),
    inputs: new BatchContract().accept(batch(0)).ports,
  });
  let operations = 0;
  for (const { op, inputs, outputs, attributes } of segmentsOf(trace(program)).fed.nodes) {
    const [left] = inputs;
    const [result] = outputs;
    if (!PRODUCTS.has(op) || left === undefined || result === undefined) continue;
    const transposed = attributes['transA']?.value === 1;
    operations += 2 * sizeOf(result.shape) * (left.shape.at(transposed ? -2 : -1) ?? 1);
  }
  return operations;
}
