import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { encodeModel, externalDataFiles, openOnnxModel, type OnnxGraph } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'noren-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rows of a table by number, for any number of numbers. */
const LOOKUP: OnnxGraph = {
  inputs: [{ name: 'places', shape: ['batch', 'length'], dtype: 'int64' }],
  outputs: [
    { name: 'rows', shape: ['batch', 'length', 2], dtype: 'float32' },
    { name: 'known', shape: ['batch', 'length'], dtype: 'bool' },
  ],
  initializers: [
    { name: 'table', shape: [3, 2], dtype: 'float32', bytes: bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6)) },
    { name: 'zero', shape: [], dtype: 'int64', bytes: bytesOf(BigInt64Array.of(0n)) },
  ],
  nodes: [
    { op: 'Gather', domain: '', inputs: ['table', 'places'], outputs: ['rows'], attributes: {} },
    { op: 'Greater', domain: '', inputs: ['places', 'zero'], outputs: ['known'], attributes: {} },
  ],
};

function bytesOf({ buffer }: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(buffer);
}

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe.each(['onnx', 'onnx-wasm'] as const)('a model file opened with %s', (runtime) => {
  test('says what it takes and gives, and runs on batches of any size', async () => {
    const model = await openOnnxModel(write('lookup.onnx', encodeModel(LOOKUP)), { runtime, threads: 1 });
    expect(model.runtime).toBe(runtime);
    expect(model.inputs).toEqual([{ name: 'places', type: 'int64', shape: [null, null] }]);
    expect(model.outputs[0]).toEqual({ name: 'rows', type: 'float32', shape: [null, null, 2] });
    for (const places of [[2n, 0n], [1n]]) {
      const { rows } = await model.run({ places: { shape: [1, places.length], data: BigInt64Array.from(places) } }, [
        'rows',
      ]);
      expect(rows.shape).toEqual([1, places.length, 2]);
      expect([...rows.data]).toEqual(places.flatMap((place) => [Number(place) * 2 + 1, Number(place) * 2 + 2]));
    }
    await model.close();
  });

  test('refuses what it cannot run, and values that it does not hold', async () => {
    const model = await openOnnxModel(write('lookup.onnx', encodeModel(LOOKUP)), { runtime, threads: 1 });
    const places = { shape: [1, 1], data: BigInt64Array.of(9n) };
    await expect(model.run({ places }, ['rows'])).rejects.toMatchObject({ code: 'engine-failed' });
    const held = { places: { shape: [1, 1], data: BigInt64Array.of(1n) } };
    await expect(model.run(held, ['known'])).rejects.toThrow('output "known" holds bool');
    await model.close();
    const torn = write('torn.onnx', encodeModel(LOOKUP).subarray(0, 90));
    await expect(openOnnxModel(torn, { runtime })).rejects.toMatchObject({ name: 'TensorError', code: 'invalid-file' });
  });
});

test('the files that hold a large model’s tensors are known by their names', async () => {
  const file = write('big.onnx', encodeModel(LOOKUP));
  for (const name of ['big.onnx_data_1', 'big.onnx_data', 'big.onnx.data', 'big.onnx.md', 'bigger.onnx_data'])
    write(name, Uint8Array.of(1));
  const expected = ['big.onnx.data', 'big.onnx_data', 'big.onnx_data_1'];
  expect(await externalDataFiles(file)).toEqual(expected.map((name) => join(folder, name)));
});
