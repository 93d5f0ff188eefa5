import type { Batch } from '@noren/tensor';
import type { SeededRandom } from '../random/seeded-random.ts';
import type { Windows } from './windows.ts';

/** The static sizes a compiled training step is made for. */
export interface BatchShape {
  /** Windows a batch. */
  readonly rows: number;
  readonly length: number;
  /** Predicted positions a batch. */
  readonly places: number;
  /** Items scored at each position; the whole catalogue when `candidates` equals its size. */
  readonly candidates: number;
  /** Items compared in the image-text alignment; 0 for none. */
  readonly aligned: number;
}

/** Inputs of one step, in the names `nextItemLoss` reads. Reused: valid until the next batch is assembled. */
export type BatchArrays = Record<string, Float32Array | Int32Array>;

/** The arrays of a batch as the tensors a compiled step takes. */
export function batchTensors(arrays: BatchArrays, shape: BatchShape): Batch {
  const shapes: Readonly<Record<string, readonly number[]>> = {
    histories: [shape.rows, shape.length],
    excluded: [shape.places, shape.candidates],
  };
  return Object.fromEntries(
    Object.entries(arrays).map(([name, data]) => [name, { shape: shapes[name] ?? [data.length], data }]),
  );
}

/** How much longer than average a batch's windows may be together before it is closed early. */
const PLACES_SLACK = 1.15;

/** Shape for windows and a batch size. `rivals`: how many items compete at all, see epochBatches; default all. */
export function batchShape(
  windows: Windows,
  o: { batchSize: number; items: number; candidates: number; aligned: number; rivals?: number },
): BatchShape {
  const rows = Math.min(o.batchSize, windows.count);
  const expected = Math.ceil((PLACES_SLACK * rows * windows.examples) / windows.count);
  const places = Math.min(Math.max(expected, windows.length), rows * windows.length);
  // Every window's own items must be among its candidates.
  const rivals = o.rivals ?? o.items;
  const candidates = o.candidates >= rivals ? rivals : Math.min(rivals, Math.max(o.candidates, places + rows));
  return { rows, length: windows.length, places, candidates, aligned: Math.min(o.aligned, candidates) };
}

/**
 * Goes through all windows once in random order, a batch at a time. Real positions are packed to the front of `places`,
 * the rest has weight 0, so a batch costs what it holds. Candidates are drawn from `rivals`, catalogue rows that hold every
 * item of the windows.
 */
export function* epochBatches(
  windows: Windows,
  shape: BatchShape,
  items: number,
  draws: Draws,
): Generator<BatchArrays> {
  const order = draws.random.shuffle(Int32Array.from({ length: windows.count }, (_, row) => row));
  yield* packed(new BatchAssembler(windows, shape, items, draws), order);
}

/** The same with the windows given, in their order, scored against the whole catalogue; nothing is random. */
export function* batchesOf(windows: Windows, shape: BatchShape, chosen: Int32Array): Generator<BatchArrays> {
  if (chosen.length > 0) yield* packed(new BatchAssembler(windows, shape, shape.candidates), chosen);
}

function* packed(batch: BatchAssembler, order: Int32Array): Generator<BatchArrays> {
  for (const window of order) {
    if (!batch.fits(window)) yield batch.finish();
    batch.add(window);
  }
  yield batch.finish();
}

/** Takes an item out of a softmax. Finite: minus infinity would turn into NaN in the gradient. */
const HAD_ALREADY = -1e9;

export interface Draws {
  readonly rivals: Int32Array;
  readonly alignable: Uint8Array;
  readonly random: SeededRandom;
}

class BatchAssembler {
  readonly #windows: Windows;
  readonly #shape: BatchShape;
  /** Needed where candidates are sampled or items aligned. */
  readonly #draws: Draws | undefined;
  readonly #items: number;
  readonly #histories: Int32Array;
  readonly #places: Int32Array;
  readonly #targets: Int32Array;
  readonly #weights: Float32Array;
  /** [places, candidates], see HAD_ALREADY. */
  readonly #excluded: Float32Array;
  /** Where `excluded` is not 0, so that clearing it costs what was set. */
  #exclusions: number[] = [];
  /** Undefined where the candidates are the whole catalogue, whose rows need no renaming. */
  readonly #candidates: CandidateRows | undefined;
  #rows = 0;
  #used = 0;

  constructor(windows: Windows, shape: BatchShape, items: number, draws?: Draws) {
    this.#windows = windows;
    this.#shape = shape;
    this.#items = items;
    this.#draws = draws;
    this.#histories = new Int32Array(shape.rows * shape.length);
    this.#places = new Int32Array(shape.places);
    this.#targets = new Int32Array(shape.places);
    this.#weights = new Float32Array(shape.places);
    this.#excluded = new Float32Array(shape.places * shape.candidates);
    this.#candidates = shape.candidates < items ? new CandidateRows(items, shape.candidates) : undefined;
  }

  fits(window: number): boolean {
    return this.#rows < this.#shape.rows && this.#used + (this.#windows.sizes[window] ?? 0) <= this.#shape.places;
  }

  add(window: number): void {
    if (this.#used === 0) this.#clearExclusions();
    const { length, candidates } = this.#shape;
    const { inputs, targets } = this.#windows;
    const size = this.#windows.sizes[window] ?? 0;
    const first = this.#rows * length;
    for (let at = 0; at < size; at += 1) {
      this.#histories[first + at] = this.#candidate(inputs[window * length + at] as number);
      this.#places[this.#used] = first + at;
      this.#targets[this.#used] = this.#candidate(targets[window * length + at] as number);
      this.#weights[this.#used] = 1;
      for (let before = 0; before <= at; before += 1) {
        const entry = this.#used * candidates + (this.#histories[first + before] as number);
        this.#excluded[entry] = HAD_ALREADY;
        this.#exclusions.push(entry);
      }
      this.#used += 1;
    }
    this.#histories.fill(0, first + size, first + length);
    this.#rows += 1;
  }

  /** The batch so far, padded; the next `add` begins a new one. */
  finish(): BatchArrays {
    this.#histories.fill(0, this.#rows * this.#shape.length);
    for (const padded of [this.#places, this.#targets, this.#weights]) padded.fill(0, this.#used);
    const batch: BatchArrays = {
      histories: this.#histories,
      places: this.#places,
      targets: this.#targets,
      weights: this.#weights,
      excluded: this.#excluded,
    };
    if (this.#draws !== undefined) {
      if (this.#candidates !== undefined) batch['candidates'] = this.#candidates.finish(this.#draws);
      if (this.#shape.aligned > 0) Object.assign(batch, this.#alignment(this.#draws, batch['candidates']));
    }
    this.#rows = 0;
    this.#used = 0;
    return batch;
  }

  #clearExclusions(): void {
    for (const entry of this.#exclusions) this.#excluded[entry] = 0;
    this.#exclusions = [];
  }

  #candidate(item: number): number {
    return this.#candidates === undefined ? item : this.#candidates.rowOf(item);
  }

  /** Random candidates; those without image or text get weight 0. */
  #alignment({ alignable, random }: Draws, candidates: BatchArrays[string] | undefined): BatchArrays {
    const aligned = new Int32Array(this.#shape.aligned);
    const alignedWeights = new Float32Array(this.#shape.aligned);
    const count = candidates?.length ?? this.#items;
    const start = random.below(count);
    for (let at = 0; at < aligned.length; at += 1) {
      const row = (start + at) % count;
      aligned[at] = row;
      alignedWeights[at] = alignable[candidates === undefined ? row : (candidates[row] as number)] ?? 0;
    }
    return { aligned, alignedWeights };
  }
}

/** The distinct items of a batch, filled up with random others that serve as further negatives. */
class CandidateRows {
  readonly #rows: Int32Array;
  readonly #items: Int32Array;
  #count = 0;

  constructor(items: number, candidates: number) {
    this.#rows = new Int32Array(items).fill(-1);
    this.#items = new Int32Array(candidates);
  }

  rowOf(item: number): number {
    const known = this.#rows[item] as number;
    if (known >= 0) return known;
    this.#items[this.#count] = item;
    this.#rows[item] = this.#count;
    this.#count += 1;
    return this.#count - 1;
  }

  finish({ rivals, random }: Draws): Int32Array {
    if (this.#items.length === rivals.length) for (const item of rivals) this.rowOf(item);
    while (this.#count < this.#items.length) this.rowOf(rivals[random.below(rivals.length)] as number);
    const chosen = this.#items.slice();
    for (const item of chosen) this.#rows[item] = -1;
    this.#count = 0;
    return chosen;
  }
}
