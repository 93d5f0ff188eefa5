import { readFile } from 'node:fs/promises';

import { readSite } from '../site/read-site.ts';
import type { SiteSourceInput } from '../site/source.ts';

/** What the program prints when it has read the site. */
export interface ImportReply {
  readonly seconds: number;
  /** Of all threads, DuckDB's among them. */
  readonly processorSeconds: number;
  /** Largest resident memory of the process. */
  readonly peakBytes: number;
  readonly rowsRead: number;
  readonly rowsKept: number;
  readonly customers: number;
}

/** A program of its own, so that its memory is that of one import alone. Arguments: the mapping, and its folder. */
const [mapping = '', base = '.'] = process.argv.slice(2);
const startedAt = performance.now();
const { report } = await readSite(JSON.parse(mapping) as SiteSourceInput, base);
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage();
const processorSeconds = (user + system) / 1e6;
const { rowsRead, rowsKept, customers } = report;
const reply: ImportReply = { seconds, processorSeconds, peakBytes: await peakBytes(), rowsRead, rowsKept, customers };
process.stdout.write(JSON.stringify(reply));

/** Of this program alone: what resourceUsage says can be the parent's, from before the program was started. */
async function peakBytes(): Promise<number> {
  try {
    const status = await readFile('/proc/self/status', 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}
