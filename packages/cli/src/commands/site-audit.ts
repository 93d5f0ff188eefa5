import type { AuditedRound, AuditFinding } from '@noren/agent';
import { Command } from 'commander';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import type { AuditPhrases } from '../language/audit.ts';
import { openTerminal } from './open-terminal.ts';

const help = `
When a round's sum is open, the coordinator says what it rests on: whose signed messages. The agent holds that against what it
has signed itself before it looks at the candidate, and writes the result into the ledger. This command makes those audits
again from what is on disk. Nothing leaves. It ends with 1 if anything does not agree.

Examples
  noren site audit --home /var/lib/noren/agent          every round
  noren site audit 12 --home /var/lib/noren/agent       round 12
  noren site audit 12 --home /var/lib/noren/agent --json`;

export function siteAuditCommand(): Command {
  return new Command('audit')
    .description("Verify that the rounds' sums rest on what this site signed, and on no others' forged messages.")
    .argument('[round]', "the round's number or id; default all that were audited")
    .requiredOption('--home <folder>', "the agent's home")
    .addHelpText('after', help)
    .action(async (round: string | undefined, options: { home: string }, command: Command) => {
      const { terminal, phrases } = openTerminal(command);
      const { auditAgain } = await import('@noren/agent');
      const report = await auditAgain(options.home);
      const rounds = report.rounds.filter((one) => round === undefined || isNamed(one, round));
      if (round !== undefined && rounds.length === 0) {
        throw new CliError(phrases.audit.noSuchRound(round), exitCode.notFound);
      }
      if (terminal.json) terminal.out(JSON.stringify({ ...report, rounds }));
      else if (rounds.length === 0) terminal.out(phrases.audit.none);
      else terminal.out(rounds.map((one) => describe(one, phrases.audit)).join('\n'));
      const { ledger } = report;
      if (ledger !== null) terminal.say(phrases.audit.ledgerDamaged(String(ledger.line), ledger.what));
      if (ledger !== null || !rounds.every(isVerified)) throw new CliError(phrases.audit.failed);
    });
}

function isNamed({ number, roundId }: AuditedRound, round: string): boolean {
  return roundId === round || String(number) === round;
}

function isVerified({ again, findings }: AuditedRound): boolean {
  return again !== null && again.sound && again.findings.join(',') === findings;
}

function describe({ number, roundId, at, findings, again, obstacles }: AuditedRound, say: AuditPhrases): string {
  const found = again?.findings ?? (findings.split(',') as AuditFinding[]);
  const lines = [
    say.round(number === null ? roundId : String(number), at),
    ...found.map((finding) => `  ${say.findings[finding] ?? finding}`),
  ];
  if (again !== null && again.sites.length > 0) lines.push(say.about(again.sites.join(', ')));
  if (again?.counts) {
    const { sites, survivors, verifiedVectors, verifiedWitnesses } = again.counts;
    const [vectors, witnesses] = [String(verifiedVectors), String(verifiedWitnesses)];
    lines.push(say.counts({ sites: String(sites), survivors: String(survivors), vectors, witnesses }));
  }
  lines.push(...obstacles.map((obstacle) => say.obstacles[obstacle]));
  if (again !== null) lines.push(again.findings.join(',') === findings ? say.repeated : say.differs(findings));
  return lines.join('\n');
}
