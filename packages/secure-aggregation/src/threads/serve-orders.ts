import { parentPort } from 'node:worker_threads';

import type { NumberedAnswer, NumberedOrder } from './worker-thread.ts';

/**
 * Makes the module that calls it the entry of a WorkerThread. An order that fails ends the thread, and the owner hears of it.
 *
 * @param moved the buffers of an answer that are handed over instead of copied
 */
export function serveOrders<Answer>(
  carryOut: (order: never) => Answer | Promise<Answer>,
  moved: (answer: Answer) => readonly ArrayBuffer[] = () => [],
): void {
  const port = parentPort;
  if (port === null) throw new TypeError('serveOrders belongs into the entry of a worker thread.');
  const serve = async ({ id, order }: NumberedOrder<never>): Promise<void> => {
    const answer = await carryOut(order);
    port.postMessage({ id, answer } satisfies NumberedAnswer<Answer>, moved(answer));
  };
  let last: Promise<void> = Promise.resolve();
  port.on('message', (order: NumberedOrder<never>) => {
    last = last.then(() => serve(order));
  });
}
