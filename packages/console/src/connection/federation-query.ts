import { federationViewSchema } from '@noren/protocol/console';
import type { FederationView } from '@noren/protocol/console';

export type ConsoleErrorCode = 'unreachable' | 'denied' | 'failing' | 'unreadable';

/** Why there is no fresh view of the federation. `detail` is for the operator's report, not a sentence. */
export class ConsoleError extends Error {
  readonly code: ConsoleErrorCode;

  constructor(code: ConsoleErrorCode, detail: string) {
    super(detail);
    this.name = 'ConsoleError';
    this.code = code;
  }
}

/** A view and when it came, in this browser's ms. */
export interface Received {
  readonly view: FederationView;
  readonly at: number;
}

export const FEDERATION_ADDRESS = '/api/federation';
/** An answer that takes longer is as good as none: the next try comes anyway. */
const TIMEOUT_MS = 10_000;

export async function fetchFederation(signal: AbortSignal): Promise<Received> {
  let response: Response;
  try {
    response = await fetch(FEDERATION_ADDRESS, {
      headers: { accept: 'application/json' },
      cache: 'no-store',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    throw new ConsoleError('unreachable', error instanceof Error ? error.message : String(error));
  }
  if (response.status === 401 || response.status === 403) throw new ConsoleError('denied', `HTTP ${response.status}`);
  if (!response.ok) throw new ConsoleError('failing', `HTTP ${response.status}`);
  return { view: await readFederation(response), at: Date.now() };
}

async function readFederation(response: Response): Promise<FederationView> {
  let body: unknown;
  try {
    body = await response.json();
  } catch (error) {
    throw new ConsoleError('unreadable', error instanceof Error ? error.message : String(error));
  }
  const parsed = federationViewSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ConsoleError('unreadable', issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`);
}
