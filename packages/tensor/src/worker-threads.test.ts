import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

test('training works in worker threads, and neither library prints anything', async () => {
  const program = fileURLToPath(new URL('testing/train-in-worker.ts', import.meta.url));
  const options = ['--conditions=@noren/source', '--import', 'tsx', program];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, options);
  expect(stderr).toBe('');
  const [first, second] = JSON.parse(stdout) as number[][];
  expect(first).toHaveLength(9);
  expect(second).toEqual(first);
  const [onnx, wasm, cpu] = [first?.slice(0, 3), first?.slice(3, 6), first?.slice(6)];
  expect(onnx).toEqual(cpu?.map((loss) => expect.closeTo(loss, 3)));
  expect(wasm).toEqual(cpu?.map((loss) => expect.closeTo(loss, 3)));
});
