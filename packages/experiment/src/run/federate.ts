import { groupOf, mean, type ModelValues } from '@noren/recommender';
import { decodeSum, encodeUpdate, quantiserFor, type RandomSource } from '@noren/secure-aggregation';

type Values = Map<string, Float32Array>;

export interface FederatedResult {
  /** By site: the shared groups of the best round and the site's own local groups as they were then. */
  readonly values: readonly Values[];
  /** 0 for the start. */
  readonly keptRound: number;
  /** Masked elements of a site's update. */
  readonly vectorLength: number;
}

export interface FederateOptions<Site> {
  /** Every site's start; the same values in the shared groups. */
  readonly start: ModelValues;
  readonly scopeOf: (group: string) => 'frozen' | 'federated' | 'local';
  readonly rounds: number;
  /** L2 norm each update is clipped to. */
  readonly clipNorm: number;
  /** One site's part of a round, from its values. */
  relearn(site: Site, values: ModelValues, round: number): Promise<{ values: Values; examples: number }>;
  /** A site's validation quality, NDCG without cut-off by customer; the best round over all customers is kept. */
  quality(site: Site, values: ModelValues): Promise<Float64Array>;
  readonly random: RandomSource;
  onRound?(round: number, quality: number): void;
}

/**
 * Federated averaging (McMahan et al. 2017) of the shared groups, with what a real round does to the numbers: clipping,
 * weights, stochastic rounding to the ring, a sum modulo 2^32. Masks are left out, because in the sum they cancel exactly.
 */
export async function federate<Site>(sites: readonly Site[], o: FederateOptions<Site>): Promise<FederatedResult> {
  const shared = [...o.start.keys()].filter((name) => o.scopeOf(groupOf(name)) === 'federated');
  let values: Values[] = sites.map(() => new Map(o.start));
  const quality = async (): Promise<number> => {
    const scores: number[] = [];
    for (const [at, site] of sites.entries()) scores.push(...(await o.quality(site, values[at] as Values)));
    return mean(Float64Array.from(scores));
  };
  let best = { values: values.map((own) => new Map(own)), keptRound: 0, quality: await quality() };
  const vectorLength = flat(o.start, shared).length;
  const quantiser = quantiserFor({ clipNorm: o.clipNorm, sites: sites.length });
  for (let round = 1; round <= o.rounds; round += 1) {
    const before = flat(values[0] as Values, shared);
    const sum = new Int32Array(vectorLength + 2);
    const learned: { values: Values; examples: number }[] = [];
    for (const [at, site] of sites.entries()) learned.push(await o.relearn(site, values[at] as Values, round));
    const most = Math.max(...learned.map(({ examples }) => examples));
    for (const one of learned) {
      const update = flat(one.values, shared);
      for (let i = 0; i < vectorLength; i += 1) update[i] = (update[i] as number) - (before[i] as number);
      const encoded = encodeUpdate(update, one.examples / most, quantiser, o.random);
      for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] as number) + (encoded[i] as number);
    }
    const { meanUpdate } = decodeSum(sum, quantiser);
    for (let i = 0; i < vectorLength; i += 1) before[i] = (before[i] as number) + (meanUpdate[i] as number);
    values = learned.map((one) => withFlat(one.values, shared, before));
    const reached = await quality();
    o.onRound?.(round, reached);
    if (reached > best.quality) best = { values, keptRound: round, quality: reached };
  }
  return { values: best.values, keptRound: best.keptRound, vectorLength };
}

function flat(values: ModelValues, names: readonly string[]): Float32Array {
  const parts = names.map((name) => values.get(name) ?? new Float32Array());
  const vector = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    vector.set(part, at);
    at += part.length;
  }
  return vector;
}

function withFlat(values: ModelValues, names: readonly string[], vector: Float32Array): Values {
  const merged = new Map(values);
  let at = 0;
  for (const name of names) {
    const length = merged.get(name)?.length ?? 0;
    merged.set(name, vector.slice(at, at + length));
    at += length;
  }
  return merged;
}
