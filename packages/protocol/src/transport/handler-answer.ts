import type { sendUnaryData } from '@grpc/grpc-js';

import type { HandlerError } from './status.ts';

/** Runs a handler whose response is one message, and answers its call exactly once. */
export function answerWith(
  run: () => Promise<Uint8Array>,
  refuse: (error: unknown) => HandlerError,
  callback: sendUnaryData<Uint8Array>,
): void {
  const answer = async (): Promise<void> => {
    let response: Uint8Array;
    try {
      response = await run();
    } catch (error) {
      callback(refuse(error));
      return;
    }
    callback(null, response);
  };
  void answer();
}
