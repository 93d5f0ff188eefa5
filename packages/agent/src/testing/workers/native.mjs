// A worker that trains without end, nearly all its time inside the native runtime, until it is told to stop.
import { register } from 'tsx/esm/api';

register();
const { serveTask } = await import('@noren/tensor/worker');
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

serveTask(async (_call, { progress }) => {
  for (;;) {
    await training.step(batch, { learningRate: 0 });
    progress(0);
  }
});
