import type { FederationState } from '../federation/federation-state.ts';
import { runningRound } from '../federation/federation-state.ts';

/** The Prometheus text exposition format, version 0.0.4. No label ever names a site. */
export function metricsText(state: FederationState, connected: number): string {
  const { totals } = state;
  const sites = [...state.sites.values()];
  const enrolled = sites.filter(({ enrolment }) => enrolment !== null).length;
  // A site that was revoked meanwhile waits for nobody's decision any more.
  const quarantined = sites.filter(({ quarantine, revoked }) => quarantine !== null && revoked === null).length;
  const rounds = Object.entries(totals.rounds);
  return [
    family('noren_sites_enrolled', 'gauge', 'Sites that are enrolled.', enrolled),
    family('noren_sites_connected', 'gauge', 'Sites with an open session.', connected),
    family('noren_sites_quarantined', 'gauge', 'Sites left out of the rounds until an operator decides.', quarantined),
    family('noren_round_running', 'gauge', '1 while a round runs.', runningRound(state) === null ? 0 : 1),
    family(
      'noren_rounds_total',
      'counter',
      'Rounds that ended, by outcome.',
      ...rounds.map(([outcome, count]): Sample => [`outcome="${outcome}"`, count]),
    ),
    family('noren_round_seconds_total', 'counter', 'Time that ended rounds took.', totals.roundSeconds),
    family('noren_update_bytes_total', 'counter', 'Masked updates received in rounds that opened.', totals.bytesUp),
    family('noren_release_number', 'gauge', 'Number of the release in force.', state.release?.number ?? 0),
    family('noren_events_total', 'counter', 'Events in the log.', state.sequence),
    family('noren_resident_memory_bytes', 'gauge', 'Memory of the process.', process.memoryUsage.rss()),
  ].join('');
}

/** Labels and value. */
type Sample = readonly [string, number];

function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  ...values: readonly (number | Sample)[]
): string {
  const samples = values.map((value) =>
    typeof value === 'number' ? `${name} ${value}\n` : `${name}{${value[0]}} ${value[1]}\n`,
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join('')}`;
}
