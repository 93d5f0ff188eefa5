import { cpus, totalmem } from 'node:os';

import { renderTable } from '../terminal/table.ts';

export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same quantity of another system, with where it was measured. */
  readonly peer?: string;
  readonly target?: number;
  readonly met?: boolean;
}

/** What every benchmark of the project prints with `--json`. */
export interface BenchReport {
  readonly bench: string;
  readonly machine: string;
  readonly rows: readonly BenchRow[];
}

export function benchReport(bench: string, rows: readonly BenchRow[]): BenchReport {
  const processors = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  const machine = `${processors.length} x ${processors[0]?.model ?? 'unknown processor'}, ${memory} GiB, Node ${process.versions.node}`;
  return { bench, machine, rows };
}

export function benchTable(report: BenchReport): string {
  const rows = report.rows.map((row) => [
    row.name,
    row.value.toPrecision(3),
    row.unit,
    row.peer ?? '',
    row.target === undefined ? '' : String(row.target),
    row.met === undefined ? '' : row.met ? 'yes' : 'no',
  ]);
  const columns = [
    { title: report.bench },
    { title: 'measured', align: 'right' as const },
    { title: 'unit' },
    { title: 'peer' },
    { title: 'target', align: 'right' as const },
    { title: 'met' },
  ];
  return `${report.machine}\n\n${renderTable(columns, rows)}`;
}
