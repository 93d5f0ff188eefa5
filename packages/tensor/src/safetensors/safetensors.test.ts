import { createHash } from 'node:crypto';

import { array, assert, dictionary, float32Array, integer, nat, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  federatedVector,
  readSafetensors,
  TensorError,
  withFederatedVector,
  writeSafetensors,
  type TensorFile,
} from './index.ts';

const example: TensorFile = {
  tensors: new Map([
    ['b/weight', { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
    ['a/bias', { shape: [], data: Float32Array.of(-0.5) }],
    ['10', { shape: [0, 4], data: new Float32Array() }],
  ]),
  metadata: { noren: '{"kind":"release"}', '2': 'two' },
};

/** A file with the given header text and number of data bytes. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function tensorHeader(...entries: [string, unknown][]): string {
  return JSON.stringify(Object.fromEntries(entries));
}

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]): unknown => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

describe('writing', () => {
  test('is canonical: names by code unit, no spaces, padded to 8 bytes', () => {
    const bytes = writeSafetensors(example);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + length)).trimEnd()).toBe(
      '{"__metadata__":{"2":"two","noren":"{\\"kind\\":\\"release\\"}"},"10":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]},' +
        '"a/bias":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b/weight":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]}}',
    );
  });

  test('gives equal content the same hash, whatever the order it was built in', () => {
    const hash = (file: TensorFile): string => createHash('sha256').update(writeSafetensors(file)).digest('hex');
    const reversed = {
      tensors: new Map([...example.tensors].reverse()),
      metadata: { '2': 'two', noren: '{"kind":"release"}' },
    };
    expect(hash(reversed)).toBe(hash(example));
    expect(hash({ ...example, metadata: {} })).not.toBe(hash(example));
  });

  test('refuses a tensor whose data does not fit its shape, and reserved names', () => {
    const write = (name: string, shape: number[]) => () =>
      writeSafetensors({ tensors: new Map([[name, { shape, data: Float32Array.of(1, 2) }]]), metadata: {} });
    expect(write('x', [3])).toThrow('Tensor "x" of shape [3] has 2 values.');
    expect(write('', [2])).toThrow(TensorError);
    expect(write('__metadata__', [2])).toThrow(TensorError);
  });
});

describe('reading', () => {
  test('gives back any file that was written', () => {
    const tensor = array(integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const data = float32Array({ minLength: length, maxLength: length });
      return data.map((values) => ({ shape, data: values }));
    });
    const name = string({ minLength: 1, unit: 'binary' }).filter((text) => text !== '__metadata__');
    const text = string({ unit: 'binary' });
    assert(
      property(array(tuple(name, tensor), { maxLength: 6 }), dictionary(text, text), (tensors, metadata) => {
        const file = { tensors: new Map(tensors), metadata };
        const read = readSafetensors(writeSafetensors(file));
        expect(read.tensors).toEqual(file.tensors);
        expect(new Map(Object.entries(read.metadata))).toEqual(new Map(Object.entries(metadata)));
      }),
      { numRuns: 50 },
    );
  });

  test('copies, also from a file that lies unaligned in a larger buffer', () => {
    const bytes = writeSafetensors(example);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const file = readSafetensors(shifted.subarray(3));
    shifted.fill(0);
    expect(file.tensors.get('b/weight')?.data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  test('accepts tensors in any order in the file, as other writers leave them', () => {
    const bytes = fileOf(tensorHeader(['z', f32(0, 4)], ['a', f32(4, 8)]), 8);
    new DataView(bytes.buffer).setFloat32(bytes.length - 4, 2, true);
    expect(readSafetensors(bytes).tensors.get('a')?.data).toEqual(Float32Array.of(2));
  });

  const malformed: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(), /too few/],
    ['a file cut inside the header', writeSafetensors(example).slice(0, 30), /truncated/],
    ['a file cut inside the data', writeSafetensors(example).slice(0, -1), /truncated/],
    ['trailing bytes', Uint8Array.of(...writeSafetensors(example), 0), /follow its last tensor/],
    ['an absurd header length', Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 0), /limit is/],
    ['a header that is no JSON', fileOf('{"a":', 0), /not JSON/],
    ['a header that is no UTF-8', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), /not JSON/],
    ['a header that is a list', fileOf('[]', 0), /not a JSON object/],
    [
      'another dtype',
      fileOf(tensorHeader(['a', { dtype: 'F16', shape: [2], data_offsets: [0, 4] }]), 4),
      /"a" has dtype "F16"/,
    ],
    ['overlapping tensors', fileOf(tensorHeader(['a', f32(0, 8)], ['b', f32(4, 12)]), 12), /overlaps/],
    ['two tensors at one place', fileOf(tensorHeader(['a', f32(0, 8)], ['b', f32(0, 8)]), 8), /overlaps/],
    ['a gap between tensors', fileOf(tensorHeader(['a', f32(0, 4)], ['b', f32(8, 12)]), 12), /gap/],
    ['a gap before the first tensor', fileOf(tensorHeader(['a', f32(4, 8)]), 8), /gap/],
    ['a size that does not fit the shape', fileOf(tensorHeader(['a', f32(0, 8, [3])]), 8), /shape \[3\]/],
    ['offsets in the wrong order', fileOf(tensorHeader(['a', f32(4, 0)]), 4), /no valid shape|cannot lie/],
    ['a shape beyond all memory', fileOf(tensorHeader(['a', f32(0, 4, [2 ** 40, 2 ** 40])]), 4), /cannot lie/],
    ['a negative dimension', fileOf(tensorHeader(['a', f32(0, 4, [-1, -1])]), 4), /no valid shape/],
    [
      'a fractional offset',
      fileOf(tensorHeader(['a', { dtype: 'F32', shape: [1], data_offsets: [0.5, 4.5] }]), 8),
      /data_offsets/,
    ],
    ['metadata that is no text', fileOf('{"__metadata__":{"a":1}}', 0), /metadata "a"/],
    ['a tensor without description', fileOf('{"a":null}', 0), /"a" is not described/],
  ];
  test.each(malformed)('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message);
    expect(() => readSafetensors(bytes)).toThrow(expect.objectContaining({ code: 'invalid-file' }));
  });

  test('refuses or reads every damaged file, but never fails otherwise', () => {
    const whole = writeSafetensors(example);
    assert(
      property(nat(whole.length - 1), integer({ min: 0, max: 255 }), (place, value) => {
        const damaged = whole.slice();
        damaged[place] = value;
        try {
          readSafetensors(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(TensorError);
        }
      }),
    );
  });
});

test('a file read into a pooled Buffer is read as it is', () => {
  const bytes = writeSafetensors({
    tensors: new Map([['a/b', { shape: [3], data: Float32Array.of(1, 2, 3) }]]),
    metadata: {},
  });
  const pool = Buffer.alloc(bytes.byteLength + 64, 0x7f);
  pool.set(bytes, 32);
  const { tensors } = readSafetensors(pool.subarray(32, 32 + bytes.byteLength));
  expect(tensors.get('a/b')?.data).toEqual(Float32Array.of(1, 2, 3));
});

describe('the federated vector', () => {
  test('is the data section of the canonical file', () => {
    const bytes = writeSafetensors(example);
    const vector = federatedVector(example);
    expect([...vector]).toEqual([-0.5, 1, 2, 3, 4, 5, 6]);
    expect(new Uint8Array(vector.buffer)).toEqual(bytes.slice(-28));
  });

  test('replaces the values and nothing else', () => {
    const moved = withFederatedVector(example, Float32Array.of(7, 6, 5, 4, 3, 2, 1));
    expect([...federatedVector(moved)]).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(moved.tensors.get('b/weight')).toEqual({ shape: [2, 3], data: Float32Array.of(6, 5, 4, 3, 2, 1) });
    expect(moved.metadata).toEqual(example.metadata);
    expect(federatedVector(example)[0]).toBe(-0.5);
  });

  test.each([0, 6, 8])('refuses a vector of %i values for 7', (length) => {
    expect(() => withFederatedVector(example, new Float32Array(length))).toThrow(`has ${length} values`);
  });
});
