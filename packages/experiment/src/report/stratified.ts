import { interval, mean, seededRandom, type Interval } from '@noren/recommender';

/** One value a customer, by site. */
export type BySite = readonly Float64Array[];

const RESAMPLES = 1000;
const CONFIDENCE = 0.95;
const SEED = 1;

/** Mean over sites of the mean over customers, with its percentile interval: customers are resampled within their site. */
export function meanOfSites(values: BySite): Interval {
  const random = seededRandom(SEED, 'stratified bootstrap');
  const sites = values.filter(({ length }) => length > 0);
  const means = new Float64Array(RESAMPLES).map(() => {
    let sum = 0;
    for (const site of sites) {
      let own = 0;
      for (let draw = 0; draw < site.length; draw += 1) own += site[random.below(site.length)] as number;
      sum += own / site.length;
    }
    return sum / sites.length;
  });
  const sorted = means.toSorted();
  const at = (share: number): number => sorted[Math.round(share * (RESAMPLES - 1))] as number;
  const tail = (1 - CONFIDENCE) / 2;
  return { mean: mean(Float64Array.from(sites, mean)), low: at(tail), high: at(1 - tail) };
}

/** Over all customers alike, wherever they buy. */
export function meanOfCustomers(values: BySite): Interval {
  return interval(joined(values), { confidence: CONFIDENCE, seed: SEED });
}

/** Of each site; null where nobody is evaluated. */
export function perSite(values: BySite): readonly (Interval | null)[] {
  return values.map((site) => (site.length === 0 ? null : interval(site, { confidence: CONFIDENCE, seed: SEED })));
}

/** Each customer's mean over several runs (seeds): what is left is the difference between customers. */
export function meanOfRuns(runs: readonly BySite[]): BySite {
  const [first = []] = runs;
  return first.map((site, at) =>
    site.map((_, customer) => runs.reduce((sum, run) => sum + (run[at]?.[customer] ?? 0), 0) / runs.length),
  );
}

function joined(values: BySite): Float64Array {
  return Float64Array.from(values.flatMap((site) => [...site]));
}
