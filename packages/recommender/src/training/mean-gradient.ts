import { compile } from '@noren/tensor';
import type { ModalityName } from '../config/recommender-config.ts';
import { featureTables } from '../model/feature-tables.ts';
import { nextItemLoss } from '../model/scores.ts';
import { parameterGroups } from '../parameters/groups.ts';
import type { ModelValues } from '../parameters/values.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { batchShape, batchTensors, epochBatches } from '../study/batches.ts';
import { boughtItems, type Study } from '../study/study.ts';
import { nextTurn } from './next-turn.ts';
import { rivalsOf, type RuntimeOptions } from './trainer.ts';

export interface GradientOptions {
  readonly values: ModelValues;
  readonly modalities: readonly ModalityName[];
  /** Windows a pass; does not change the result but for rounding, as long as the catalogue is not sampled. */
  readonly batchSize: number;
  /** Items scored at each position, at most. */
  readonly candidates: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/**
 * A gradient is read off one step of plain gradient descent. The longer the step, the less its subtraction rounds off: by a
 * power of two, which scales without error.
 */
const STEP = 2 ** 10;

/** Gradient of the mean training loss over all of a site's examples at `values`, without dropout, by tensor. */
export async function meanGradient(
  study: Study,
  o: GradientOptions,
  runtime: RuntimeOptions,
): Promise<Map<string, Float64Array>> {
  const { config, features, windows } = study;
  const shape = batchShape(windows, {
    batchSize: o.batchSize,
    items: features.items,
    candidates: o.candidates,
    aligned: 0,
  });
  const parameters = parameterGroups(config).flatMap(({ tensors }) => tensors);
  const training = await compile(
    (tensors, batch, tables) => nextItemLoss({ config, stage: o.modalities, parameters: tensors }, batch, tables).loss,
    {
      parameters: parameters.map(({ name, shape: size }) => ({ name, shape: size })),
      constants: featureTables({ config, features, stage: o.modalities, bought: boughtItems(study) }),
      optimizer: { kind: 'sgd' },
      seed: 1,
      ...runtime,
    },
  );
  try {
    const sums = new Map([...o.values].map(([name, data]) => [name, new Float64Array(data.length)]));
    const random = seededRandom(o.seed, 'gradients');
    const draws = { rivals: rivalsOf(study, 'catalogue'), alignable: new Uint8Array(features.items), random };
    for (const batch of epochBatches(windows, shape, features.items, draws)) {
      o.signal?.throwIfAborted();
      const share = sum(batch['weights'] ?? []) / windows.examples / STEP;
      training.load(o.values);
      await training.step(batchTensors(batch, shape), { learningRate: STEP });
      for (const [name, moved] of training.values()) {
        const from = o.values.get(name) ?? moved;
        const total = sums.get(name);
        total?.forEach((value, at) => (total[at] = value + share * ((from[at] as number) - (moved[at] as number))));
      }
      await nextTurn();
    }
    return sums;
  } finally {
    await training.dispose();
  }
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let at = 0; at < values.length; at += 1) total += values[at] as number;
  return total;
}
