/** So that 0.29 x 100, which is 28.999999999999996, counts 29 sites, and the error of a product never hides one. */
const SLACK = 1e-12;

/** Most sites that make up a fraction of `sites`: the adversary's part is rounded down to whole sites. */
export function mostOf(fraction: number, sites: number): number {
  return Math.floor((fraction + SLACK) * sites);
}
