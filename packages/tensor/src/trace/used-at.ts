import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders of this package that stand between a caller and the kernels of an operation. */
const MACHINERY = ['trace', 'runtime', 'training'].map((folder) => join(import.meta.dirname, '..', folder) + sep);

/**
 * Where the caller's own code used the operation that is being traced, as "file:line", from the stack: the first frame
 * outside tfjs and this package's machinery. Undefined for an operation of a gradient, which no line of the caller names.
 */
export function usedAt(): string | undefined {
  const limit = Error.stackTraceLimit;
  // tfjs nests a dozen calls between an operation and its kernel.
  Error.stackTraceLimit = 60;
  const stack = new Error('where').stack ?? '';
  Error.stackTraceLimit = limit;
  for (const line of stack.split('\n').slice(1)) {
    const [, at, row] = /(?:\(|at )([^()]+):(\d+):\d+\)?$/.exec(line) ?? [];
    if (at === undefined) continue;
    const file = at.startsWith('file:') ? fileURLToPath(at) : at;
    if (!isMachinery(file)) return `${file}:${row}`;
  }
  return undefined;
}

function isMachinery(file: string): boolean {
  if (file.startsWith('node:') || file.includes(`@tensorflow${sep}`)) return true;
  return MACHINERY.some((folder) => file.startsWith(folder)) && !file.includes('.test.');
}
