import { expect, test } from 'vitest';

import { buffersIn } from './buffers.ts';

test('buffers are found wherever they lie, each once, and shared ones are left', () => {
  const [a, b, c, shared] = [
    new Float32Array(2),
    new Int32Array(3),
    new ArrayBuffer(4),
    new Int32Array(new SharedArrayBuffer(4)),
  ];
  const value: Record<string, unknown> = {
    list: [a, { again: a }],
    map: new Map([['b', b]]),
    set: new Set([c]),
    shared,
  };
  value['itself'] = value;
  expect(new Set(buffersIn(value))).toEqual(new Set([a.buffer, b.buffer, c]));
  expect(buffersIn([a, a])).toHaveLength(1);
});

test('a view of a part leaves its buffer to its owner', () => {
  expect(buffersIn(new Float32Array(8).subarray(2, 4))).toEqual([]);
  expect(buffersIn(Buffer.from('a small one from the shared pool'))).toEqual([]);
});
