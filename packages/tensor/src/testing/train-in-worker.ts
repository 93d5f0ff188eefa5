import { isMainThread, parentPort, Worker } from 'node:worker_threads';

import { compile } from '../index.ts';
import { drawBatch, initialValues, SMALL, smallTransformer } from '../benchmark/small-transformer.ts';

/** A program of its own: trains in two worker threads at once and prints their losses, and nothing else. */
if (isMainThread) {
  const losses = [1, 2].map(
    () =>
      new Promise((resolve, reject) => {
        // Node 20 does not pass a TypeScript loader on to its workers.
        const start = `import('tsx/esm/api').then((tsx) => (tsx.register(), import(${JSON.stringify(import.meta.url)})))`;
        const worker = new Worker(start, { eval: true });
        worker.once('message', resolve);
        worker.once('error', reject);
      }),
  );
  process.stdout.write(JSON.stringify(await Promise.all(losses)));
} else {
  const { loss, options } = smallTransformer(SMALL, 0.2);
  const results: number[] = [];
  for (const runtime of ['onnx', 'onnx-wasm', 'cpu'] as const) {
    const training = await compile(loss, { ...options, optimizer: { kind: 'adam' }, runtime });
    training.load(initialValues(options));
    for (let step = 0; step < 3; step++)
      results.push(await training.step(drawBatch(SMALL, step), { learningRate: 0.01 }));
    await training.dispose();
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a message port between threads has no origin
  parentPort?.postMessage(results);
}
