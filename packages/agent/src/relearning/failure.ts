import { ProtocolError } from '@noren/protocol';
import { AggregationError } from '@noren/secure-aggregation';
import { AgentError, type AgentErrorCode } from '../agent-error.ts';

/** An error split by who may read it. */
export interface Failure {
  readonly code: AgentErrorCode;
  /** For logs and the coordinator: names the fault and its place, quotes nothing from the data. */
  readonly reason: string;
  /** For the site's administrator only, in problem.txt. */
  readonly detail: string;
}

/** Where in the input something is wrong, as DatasetError carries it. */
interface Place {
  readonly file?: unknown;
  readonly row?: unknown;
  readonly column?: unknown;
}

/**
 * Sorts what a task threw. Messages of other packages may quote a value from the site's data and so never pass; what
 * passes is their code, which is a fixed word, and row and column numbers.
 */
export function describeFailure(error: unknown): Failure {
  const detail = fullText(error);
  if (error instanceof AgentError) return { code: error.code, reason: error.message, detail };
  if (isStop(error)) return { code: 'cancelled', reason: 'the task was stopped', detail };
  // Neither package ever sees the site's data.
  if (error instanceof AggregationError || error instanceof ProtocolError) {
    return { code: 'round-failed', reason: error.message, detail };
  }
  const name = error instanceof Error ? error.name : typeof error;
  const word = codeOf(error);
  if (name === 'DatasetError') {
    const place = placeOf(error);
    return {
      code: 'data-unusable',
      reason: `the site's data cannot be used: ${word ?? 'unknown fault'}${place}`,
      detail,
    };
  }
  const fault = word === null ? name : `${name}, ${word}`;
  return { code: 'training-failed', reason: `a task on the site's data failed (${fault})`, detail };
}

function isStop(error: unknown): boolean {
  if (error instanceof ProtocolError) return error.code === 'cancelled';
  return error instanceof Error && error.name === 'AbortError';
}

function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(code) ? code : null;
}

/** Only the row: file and column names are the site's own business and may name a customer list. */
function placeOf(error: unknown): string {
  const place = error instanceof Error && 'place' in error ? (error.place as Place | null) : null;
  return typeof place?.row === 'number' ? ` in row ${place.row}` : '';
}

function fullText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\nCaused by: ${fullText(error.cause)}`;
}
