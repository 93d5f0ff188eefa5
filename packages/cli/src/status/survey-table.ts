import type { OpenedSurvey } from '@noren/recommender';

import { renderTable } from '../terminal/table.ts';

/** The figures as they are, by measure; standard errors are null where one site alone counts. */
export function surveyJson(round: number, { sites, estimates }: OpenedSurvey): object {
  const measures = [...estimates].map(([measure, { mean, standardError }]) => [
    measure,
    { mean, standardError: Number.isFinite(standardError) ? standardError : null },
  ]);
  return { round, sites, measures: Object.fromEntries(measures) };
}

export async function shownSurvey(round: number, { sites, estimates }: OpenedSurvey): Promise<string> {
  const { gradientRatio } = await import('@noren/recommender');
  const rows = [...estimates].map(([measure, { mean, standardError }]) =>
    measure.startsWith('gradient.')
      ? [measure, gradientRatio(mean).toExponential(2), 'geometric mean of |g| / |theta|']
      : [measure, mean.toFixed(4), `± ${standardError.toFixed(4)}`],
  );
  const head = `Survey of round ${round}, ${sites.toFixed(1)} sites by Kish's number. NDCG without cut-off on proposal customers.`;
  const columns = [
    { title: 'measure' },
    { title: 'mean of sites', align: 'right' },
    { title: 'standard error' },
  ] as const;
  return `${head}\n${renderTable(columns, rows)}`;
}
