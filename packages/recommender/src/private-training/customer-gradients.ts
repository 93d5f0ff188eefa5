import { privatelyTrainable } from '@noren/protocol';
import { compilePerExampleGradients, type PerExampleGradients } from '@noren/tensor';
import type { ModalityName } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { featureTables } from '../model/feature-tables.ts';
import { lossesByHistory } from '../model/history-losses.ts';
import { groupOf, parameterGroups } from '../parameters/groups.ts';
import type { ModelValues } from '../parameters/values.ts';
import { batchesOf, batchTensors, batchShape, type BatchArrays, type BatchShape } from '../study/batches.ts';
import type { Study } from '../study/study.ts';
import type { RuntimeOptions } from '../training/trainer.ts';
import { inputSpecs } from './input-specs.ts';

/** Values of the fed exclusions of one batch, [places, items]: 64 MiB. */
const LARGEST_EXCLUSIONS = 2 ** 24;

/** Float32 rounding of a norm and of the factor made from it, with a wide margin. */
const ROUNDING = 1e-5;

const LARGEST_BATCH = 64;

/**
 * Where the item side is trained each window has a catalogue of its own: so many windows of a batch at most, which are
 * compiled one beside the other, and so many values of item vectors, each of which takes some ten tensors.
 */
const LARGEST_BATCH_APART = 16;
const LARGEST_CATALOGUES = 2 ** 23;

/** Clipped gradients of some windows, each the one window of another customer. */
export interface ClippedSum {
  /** Sum of the gradients, each at most as long as the clip norm, flat in the order of `places`. */
  readonly sum: Float32Array;
  /** How many were longer. */
  readonly clipped: number;
  /** Mean of the losses; 0 for no window. */
  readonly loss: number;
}

export interface CustomerGradientsOptions extends RuntimeOptions {
  readonly values: ModelValues;
  trainable(group: string): boolean;
  readonly modalities: readonly ModalityName[];
  /** Windows of a compiled batch, at most; fewer over a large catalogue. More windows run as several batches. */
  readonly batchSize: number;
}

/** Gradients of single customers by the trained groups, at parameters that move. */
export class CustomerGradients {
  readonly #study: Study;
  readonly #shape: BatchShape;
  readonly #gradients: PerExampleGradients;

  /**
   * Gradients by the item side are as many passes over the whole catalogue as there are customers.
   *
   * @throws RecommenderError `groups-invalid` for no group; `options-invalid` for a model with vectors of single items
   */
  static async open(study: Study, o: CustomerGradientsOptions): Promise<CustomerGradients> {
    const { config, features, windows } = study;
    if (config.identity !== 0) {
      throw new RecommenderError(
        'options-invalid',
        'The vectors of single items are learned without privacy and would be read by every gradient. Use a model without them.',
      );
    }
    const groups = parameterGroups(config);
    const trained = new Set(groups.map(({ name }) => name).filter((name) => o.trainable(name)));
    checkGroups(trained);
    const apart = groups.flatMap(({ name, tensors }) =>
      trained.has(name) && ofItems(name) ? tensors.map((tensor) => tensor.name) : [],
    );
    const rows = largestBatch(o.batchSize, {
      exclusions: windows.length * features.items,
      catalogue: apart.length === 0 ? null : features.items * config.dimension,
    });
    const shape = batchShape(windows, {
      batchSize: rows,
      items: features.items,
      candidates: features.items,
      aligned: 0,
    });
    const gradients = await compilePerExampleGradients({
      parameters: groups.flatMap(({ tensors }) => tensors.map(({ name, shape: size }) => ({ name, shape: size }))),
      trainable: (name) => trained.has(groupOf(name)),
      constants: featureTables({ config, features, stage: o.modalities }),
      inputs: inputSpecs(shape),
      examples: shape.rows,
      // Without dropout: the noise of privacy regularises enough.
      losses: (parameters, batch, tables) =>
        lossesByHistory({ config, stage: o.modalities, parameters }, batch, tables, apart),
      ...(o.runtime === undefined ? {} : { runtime: o.runtime }),
      ...(o.threads === undefined ? {} : { threads: o.threads }),
    });
    gradients.load(o.values);
    return new CustomerGradients(study, shape, gradients);
  }

  private constructor(study: Study, shape: BatchShape, gradients: PerExampleGradients) {
    this.#study = study;
    this.#shape = shape;
    this.#gradients = gradients;
  }

  /** The trained tensors and where each lies in a flat vector. */
  get places(): PerExampleGradients['layout']['places'] {
    return this.#gradients.layout.places;
  }

  moveTo(position: Float32Array): void {
    this.#gradients.moveTo(position);
  }

  /** However many the windows are, all of them count: leaving out what exceeds a batch would break Poisson sampling. */
  async clippedSum(chosen: Int32Array, clipNorm: number): Promise<ClippedSum> {
    // In double precision: the rounding of a long sum must stay far below one customer's part of it.
    const sum = new Float64Array(this.#gradients.layout.length);
    let clipped = 0;
    let loss = 0;
    for (const batch of batchesOf(this.#study.windows, this.#shape, chosen)) {
      const weights = this.#rowWeights(batch);
      const found = await this.#gradients.run(batchTensors(batch, this.#shape), {
        clipNorm: clipNorm / (1 + ROUNDING),
        weights,
      });
      for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] ?? 0) + (found.sum[at] ?? 0);
      clipped += found.clipped;
      loss += found.losses.reduce((total, value, row) => total + value * (weights[row] ?? 0), 0);
    }
    return { sum: Float32Array.from(sum), clipped, loss: chosen.length === 0 ? 0 : loss / chosen.length };
  }

  close(): Promise<void> {
    return this.#gradients.dispose();
  }

  /** 1 for the rows of a batch that hold a window, 0 for padding. */
  #rowWeights({ places = new Int32Array(), weights = new Float32Array() }: BatchArrays): Float32Array {
    const rows = new Float32Array(this.#shape.rows);
    weights.forEach((weight, at) => {
      if (weight > 0) rows[Math.floor((places[at] ?? 0) / this.#shape.length)] = 1;
    });
    return rows;
  }
}

/** Four standard deviations above the mean: a sample in thirty thousand needs one more batch. */
export function usualBatch(customers: number, rate: number): number {
  const spread = Math.sqrt(customers * rate * (1 - rate));
  return Math.max(1, Math.min(Math.ceil(customers * rate + 4 * spread), customers, LARGEST_BATCH));
}

/** The item encoders; the items' norm acts on histories, and so on single customers. */
function ofItems(group: string): boolean {
  return group.startsWith('item.') && group !== 'item.norm';
}

/** Values that one window needs of what grows with the catalogue; null where the windows share one. */
function largestBatch(
  wanted: number,
  { exclusions, catalogue }: { readonly exclusions: number; readonly catalogue: number | null },
): number {
  const fitting = Math.min(wanted, Math.floor(LARGEST_EXCLUSIONS / exclusions));
  if (catalogue === null) return Math.max(1, fitting);
  return Math.max(1, Math.min(fitting, LARGEST_BATCH_APART, Math.floor(LARGEST_CATALOGUES / catalogue)));
}

function checkGroups(trained: ReadonlySet<string>): void {
  if (trained.size === 0) {
    throw new RecommenderError('groups-invalid', 'No group is trained. Name at least one.');
  }
  const shared = [...trained].filter((name) => !privatelyTrainable(name));
  if (shared.length === 0) return;
  throw new RecommenderError(
    'groups-invalid',
    `The gradients of single customers cannot be formed for ${shared.join(', ')}. Freeze them.`,
  );
}
