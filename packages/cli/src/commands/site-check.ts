import { dirname, resolve } from 'node:path';

import type { SiteSource } from '@noren/dataset';
import { Command } from 'commander';

import { readSource } from '../data/read-source.ts';
import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';
import { openTerminal } from './open-terminal.ts';

interface Options {
  readonly data?: string;
  readonly home?: string;
  readonly countBadRows: boolean;
  readonly quick: boolean;
}

const help = `
The summary holds counts, dates and the range of prices; no customer, no item and no text is named in it.

Examples
  noren site check --data shop.json                    before anything else: is this export good?
  noren site check --data shop.json --count-bad-rows   do not stop at bad rows, count them
  noren site check --home /var/lib/noren/agent --json  the data of an agent, for a program`;

export function checkCommand(): Command {
  return new Command('check')
    .description("At a site: read the site's own files and say what is in them. Nothing is written and nothing leaves.")
    .option('--data <file>', 'JSON that describes the files, as `data` in an agent.json does')
    .option('--home <folder>', "the agent's home: the `data` of its agent.json")
    .option('--count-bad-rows', 'leave bad rows out and count them, whatever the description says', false)
    .option('--quick', 'only look whether images are there, do not decode them', false)
    .addHelpText('after', help)
    .action(async (options: Options, command: Command) => {
      const { terminal, language } = openTerminal(command);
      const { source, base } = await describedData(options);
      const { readSite, renderReport } = await import('@noren/dataset');
      const { report } = await readSite(options.countBadRows ? { ...source, badRows: 'drop' } : source, base, {
        images: options.quick ? 'exists' : 'decode',
        onProgress: (done, total, what) =>
          terminal.progress(
            `  ${what}: ${done.toLocaleString()}${total > done ? ` of ${total.toLocaleString()}` : ''}`,
          ),
      });
      if (terminal.json) terminal.out(JSON.stringify(report));
      else terminal.out(renderReport(report, language));
    });
}

async function describedData({ data, home }: Options): Promise<{ readonly source: SiteSource; readonly base: string }> {
  if (data !== undefined && home === undefined) {
    return { source: await readSource(data), base: dirname(resolve(data)) };
  }
  if (home !== undefined && data === undefined) {
    const { readConfig } = await import('@noren/agent');
    return { source: (await readConfig(home)).data, base: resolve(home) };
  }
  throw new CliError(
    'Name either --data, the description of the files, or --home, the home of an agent.',
    exitCode.usage,
  );
}
