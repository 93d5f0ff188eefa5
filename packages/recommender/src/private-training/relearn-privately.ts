import { RecommenderError } from '../errors.ts';
import { checkValues } from '../parameters/values.ts';
import type { Study } from '../study/study.ts';
import { nextTurn } from '../training/next-turn.ts';
import { CustomerGradients, usualBatch } from './customer-gradients.ts';
import { firstWindows, poissonSample } from './poisson-sample.ts';
import type { PrivatelyRelearned, PrivateRelearnOptions } from './private-relearn-options.ts';

/**
 * Differentially private re-learning at one site (DP-SGD, Abadi et al. 2016, with the customer as the unit, McMahan et
 * al. 2018): each step samples customers, clips the gradient of each, adds noise and takes an ordinary gradient step.
 * Blocks its thread while it computes, so it belongs into a worker.
 *
 * @throws RecommenderError `options-invalid`, `groups-invalid`, `values-invalid`
 */
export async function relearnPrivately(study: Study, o: PrivateRelearnOptions): Promise<PrivatelyRelearned> {
  checkOptions(o);
  checkValues(study.config, o.values);
  const first = firstWindows(study.windows);
  const batchSize = o.batchSize ?? usualBatch(first.length - 1, o.samplingRate);
  const gradients = await CustomerGradients.open(study, { ...o, trainable: (group) => o.trainable(group), batchSize });
  try {
    const { places } = gradients;
    const position = new Float32Array(places.at(-1)?.end ?? 0);
    for (const { name, begin } of places) position.set(o.values.get(name) ?? [], begin);
    const scale = o.learningRate / o.expectedCustomers;
    for (let step = 1; step <= o.steps; step += 1) {
      o.signal?.throwIfAborted();
      const chosen = poissonSample(first, o.samplingRate, o.random);
      const { sum, clipped, loss } = await gradients.clippedSum(chosen, o.clipNorm);
      await o.addNoise(sum, { step, sensitivity: o.clipNorm, noiseMultiplier: o.noiseMultiplier });
      sum.forEach((value, at) => {
        position[at] = (position[at] ?? 0) - scale * value;
      });
      gradients.moveTo(position);
      o.onStep?.({ step, steps: o.steps, customers: chosen.length, clipped, loss });
      await nextTurn();
    }
    const trained = new Map(places.map(({ name, begin, end }) => [name, position.slice(begin, end)]));
    const values = new Map([...o.values].map(([name, data]) => [name, trained.get(name) ?? data.slice()]));
    const update = new Map(
      [...trained].map(([name, data]) => {
        const start = o.values.get(name) ?? data;
        return [name, data.map((value, at) => value - (start[at] ?? 0))];
      }),
    );
    const { noiseMultiplier, samplingRate, steps } = o;
    return { values, update, record: { noiseMultiplier, samplingRate, steps } };
  } finally {
    await gradients.close();
  }
}

function checkOptions(o: PrivateRelearnOptions): void {
  const above = (value: number): boolean => Number.isFinite(value) && value > 0;
  const faults = [
    o.samplingRate > 0 && o.samplingRate <= 1 ? '' : `samplingRate ${o.samplingRate} is not above 0 and at most 1`,
    Number.isSafeInteger(o.steps) && o.steps > 0 ? '' : `steps ${o.steps} is not 1, 2, 3, ...`,
    o.clipNorm > 0 ? '' : `clipNorm ${o.clipNorm} is not above 0`,
    o.noiseMultiplier >= 0 ? '' : `noiseMultiplier ${o.noiseMultiplier} is below 0`,
    above(o.expectedCustomers) ? '' : `expectedCustomers ${o.expectedCustomers} is not above 0`,
    above(o.learningRate) ? '' : `learningRate ${o.learningRate} is not above 0`,
    o.modalities.length > 0 ? '' : 'no modality is named',
    o.batchSize === undefined || (Number.isSafeInteger(o.batchSize) && o.batchSize > 0)
      ? ''
      : `batchSize ${o.batchSize} is not 1, 2, 3, ...`,
  ].filter((fault) => fault !== '');
  if (faults.length === 0) return;
  throw new RecommenderError('options-invalid', `Private re-learning was not started: ${faults.join('; ')}.`);
}
