// A worker without model code: the job's `source` says what to do.
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { serveTask } = await import('@noren/tensor/worker');

serveTask(async ({ job }, { progress, signal }) => {
  switch (job.source) {
    case 'crash':
      setImmediate(() => {
        throw new TypeError('customer 4711');
      });
      return new Promise(() => {});
    case 'exit':
      return process.exit(3);
    case 'fail':
      return { kind: 'failed', code: 'data-unusable', reason: 'row 3', detail: 'customer 4711' };
    case 'deaf':
      for (;;);
    case 'wait':
      progress(0.25);
      await sleep(60_000, undefined, { signal });
  }
  return { kind: 'done', result: { customers: threadId, items: 1, interactions: 1 } };
});
