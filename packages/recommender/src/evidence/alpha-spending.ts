/**
 * The one-sided confidence of a site's next test when `tests` were made within the last 365 days and at most a share
 * 1 - confidence of the sites may be misled within any such year.
 *
 * Alpha spending: the k-th test of a year may err with probability alpha / (k (k + 1)), which adds up to alpha over any number
 * of tests (union bound). It asks for no independence, and the tests have none: a site's customers are much the same every
 * week. E-values would let evidence add up over weeks, but need new customers to do it. In any 365 days the k-th test has at
 * least k - 1 others before it within its own, so the sum holds for every such window, not only for calendar years.
 */
export function confidenceOfNextTest(confidence: number, tests: number): number {
  const next = tests + 1;
  return 1 - (1 - confidence) / (next * (next + 1));
}
