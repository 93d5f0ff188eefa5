import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

/** A worker that trains without end, nearly all its time inside the native runtime, until it is told to stop. */
register();
const { compile, tf } = await import('@noren/tensor');
const size = 700;
const training = await compile((p, b) => tf.mean(tf.square(tf.matMul(tf.matMul(b.x, p.w), p.w))), {
  parameters: [{ name: 'w', shape: [size, size] }],
  optimizer: { kind: 'sgd' },
  seed: 1,
  runtime: 'onnx',
});
training.load(new Map([['w', new Float32Array(size * size).fill(0.001)]]));
const batch = { x: { shape: [size, size], data: new Float32Array(size * size).fill(1) } };

const stopping = new AbortController();

async function compute(id) {
  await training.step(batch, { learningRate: 0 });
  parentPort.postMessage({ kind: 'progress', id, fraction: 0 }, []);
  while (!stopping.signal.aborted) {
    await training.step(batch, { learningRate: 0 });
    await nextTurn();
  }
  parentPort.postMessage({ kind: 'failed', id, code: 'cancelled', reason: 'stopped', detail: '' }, []);
}

parentPort.on('message', ({ kind, id }) => {
  if (kind === 'stop') stopping.abort();
  else void compute(id);
});
