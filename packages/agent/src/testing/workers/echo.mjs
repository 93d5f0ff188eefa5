// Speaks the worker's protocol without model code: the job's `source` says what to do.
import { parentPort, threadId } from 'node:worker_threads';

parentPort.on('message', (request) => {
  if (request.kind === 'stop') {
    parentPort.postMessage({ kind: 'failed', id: request.id, code: 'cancelled', reason: 'stopped', detail: '' }, []);
    return;
  }
  const { id, call } = request;
  switch (call.job.source) {
    case 'crash':
      throw new TypeError('customer 4711');
    case 'exit':
      process.exit(3);
      break;
    case 'fail':
      parentPort.postMessage(
        { kind: 'failed', id, code: 'data-unusable', reason: 'row 3', detail: 'customer 4711' },
        [],
      );
      break;
    case 'deaf':
      for (;;);
    case 'wait':
      parentPort.postMessage({ kind: 'progress', id, fraction: 0.25 }, []);
      break;
    default:
      parentPort.postMessage({ kind: 'done', id, result: { customers: threadId, items: 1, interactions: 1 } }, []);
  }
});
