import { interpolate, mean, type CustomerScores, type ModelValues } from '@noren/recommender';

/** Shares of the federated model that are tried. */
const SHARES = [0.25, 0.5, 0.75];

/**
 * The best model between the federated one and what the site has without it: partner and share are chosen on the customers
 * that `score` ranks for, in NDCG without cut-off.
 */
export async function bestBlend(o: {
  readonly federated: ModelValues;
  /** At least one, with the parameters of `federated`. */
  readonly partners: readonly ModelValues[];
  score(values: ModelValues): Promise<CustomerScores>;
}): Promise<Map<string, Float32Array>> {
  const quality = async (values: ModelValues): Promise<number> => mean((await o.score(values)).ndcg);
  const [partner] = await bestOf(o.partners, quality);
  const blends = SHARES.map((share) => interpolate(partner, o.federated, share));
  const [blend] = await bestOf(blends, quality);
  return blend;
}

/** The best and its quality; the first of equals. */
async function bestOf<T>(candidates: readonly T[], quality: (candidate: T) => Promise<number>): Promise<[T, number]> {
  let best: [T, number] | undefined;
  for (const candidate of candidates) {
    const value = await quality(candidate);
    if (best === undefined || value > best[1]) best = [candidate, value];
  }
  if (best === undefined) throw new TypeError('there is nothing to choose from');
  return best;
}
