import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, describe, test } from 'vitest';

import { errorOf, put, temporaryFolder } from '../../testing/fixtures.ts';
import { float32Bytes, npyFile, safetensorsFile } from '../../testing/matrix-files.ts';
import type { PrecomputedSource } from '../feature-source.ts';
import type { Modality } from '../featuriser.ts';
import { readFeatures } from './read-features.ts';

const base = temporaryFolder();
const quiet = (): void => undefined;
const SOURCE = { kind: 'precomputed', encoder: 'a model' } as const;
const NPY = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
/** Three rows of two. */
const BYTES = float32Bytes([1, 2, 3, 4, 5, 6]);

function read(source: Omit<PrecomputedSource, 'kind' | 'encoder'>, items = ['a', 'b', 'c']): Promise<Modality> {
  return readFeatures({ ...SOURCE, ...source }, { base, items, onProgress: quiet });
}

async function npy(header: string, bytes: Uint8Array = BYTES): Promise<unknown> {
  put(base, 'bad.npy', npyFile(header, bytes));
  return errorOf(read({ file: 'bad.npy' }));
}

describe('formats', () => {
  test.each([1, 2, 3] as const)('an NPY file of version %i', async (version) => {
    put(base, 'x.npy', npyFile(NPY, BYTES, version));
    expect(await read({ file: 'x.npy' })).toEqual({
      dimension: 2,
      data: Float32Array.of(1, 2, 3, 4, 5, 6),
      present: Uint8Array.of(1, 1, 1),
    });
  });

  // Written by numpy 2.4.6: np.save of [[1, -2.5, 0], [65504, 6.1e-5, 5.96e-8]] as '<f2', whose last two values are
  // below the smallest normal number (2^-14), and write_array of [[.1, .001], [2, 3]] as '<f8' in version 2.0.
  test.each([
    [
      'float16',
      'k05VTVBZAQB2AHsnZGVzY3InOiAnPGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAPADBAAD/e/8DAQA=',
      [1, -2.5, 0, 65_504, 1023 * 2 ** -24, 2 ** -24],
    ],
    [
      'float64',
      'k05VTVBZAgB0AAAAeydkZXNjcic6ICc8ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMiksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqamZmZmZm5P/yp8dJNYlA/AAAAAAAAAEAAAAAAAAAIQA==',
      [0.1, 0.001, 2, 3],
    ],
  ])('an NPY file of %s as NumPy itself writes it', async (_, base64, values) => {
    put(base, 'numpy.npy', Buffer.from(base64, 'base64'));
    expect((await read({ file: 'numpy.npy' }, ['a', 'b'])).data).toEqual(Float32Array.from(values));
  });

  test('an NPY file of the other byte order, keys in another order', async () => {
    const bytes = Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0);
    put(base, 'big.npy', npyFile("{'shape': (1, 2), 'fortran_order': False, 'descr': '>f4'}", bytes));
    expect((await read({ file: 'big.npy' }, ['a'])).data).toEqual(Float32Array.of(1, -2));
  });

  test('a named tensor of a safetensors file, bfloat16 too', async () => {
    const bfloat16 = { dtype: 'BF16', shape: [1, 2], bytes: Uint8Array.of(0x80, 0x3f, 0, 0xc0) };
    const file = safetensorsFile({
      names: { dtype: 'I64', shape: [1], bytes: new Uint8Array(8) },
      image: { dtype: 'F32', shape: [3, 2], bytes: BYTES },
      text: bfloat16,
    });
    put(base, 'two.safetensors', file);
    expect((await read({ file: 'two.safetensors', tensor: 'image' })).data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect((await read({ file: 'two.safetensors', tensor: 'text' }, ['a'])).data).toEqual(Float32Array.of(1, -2));
  });

  test('raw float32, whatever the file is called', async () => {
    put(base, 'shop.feat', BYTES);
    expect((await read({ file: 'shop.feat', format: 'float32', dimension: 2 })).present).toEqual(
      Uint8Array.of(1, 1, 1),
    );
  });

  test('more rows than are read at once', async () => {
    const rows = 3000;
    const values = Array.from({ length: rows * 400 }, (_, at) => at + 1);
    put(base, 'long.feat', float32Bytes(values));
    const items = Array.from({ length: rows }, (_, at) => `item ${at}`);
    const { data } = await read({ file: 'long.feat', format: 'float32', dimension: 400 }, items);
    expect(Buffer.from(data.buffer).equals(Buffer.from(float32Bytes(values)))).toBe(true);
  });
});

describe('whose row it is', () => {
  const source = { file: 'order.npy', items: 'order' };
  test.each([
    ['a line for each row', 'c\r\na\r\nother\r\n'],
    ['id, tab, row', 'a\t1\nother\t2\nc\t0'],
    ['a JSON list', '["c", "a", "other"]'],
    ['a JSON object', '{"other": 2, "a": 1, "c": 0}'],
  ])('%s: an item without a row lacks the modality, another shop’s row is passed over', async (_, list) => {
    put(base, 'order.npy', npyFile(NPY, BYTES));
    put(base, 'order', list);
    expect(await read(source)).toEqual({
      dimension: 2,
      data: Float32Array.of(3, 4, 0, 0, 1, 2),
      present: Uint8Array.of(1, 0, 1),
    });
  });

  test('a row of zeros is an item without the modality', async () => {
    put(base, 'zeros.npy', npyFile(NPY, float32Bytes([1, 2, 0, 0, 0, 6])));
    expect((await read({ file: 'zeros.npy' })).present).toEqual(Uint8Array.of(1, 0, 1));
  });

  test.each([
    ['too few', 'a\nb\n', '2 items where the features have 3 rows'],
    ['one twice', 'a\nb\na', '"a" occurs more than once'],
    ['no id', 'a\n\nc', 'entry 2: the identifier is empty'],
    ['a row that does not exist', 'a\t0\nb\t3\nc\t1', 'entry 2: its row is not a whole number from 0 to 2'],
    ['two items on one row', 'a\t0\nb\t1\nc\t1', 'row 1 has two items'],
    ['a third column', 'a\t0\t9\nb\t1\nc\t2', 'entry 1: its row'],
    ['a JSON list of numbers', '[1, 2, 3]', 'the identifier is empty'],
    ['broken JSON', '["a", ', 'begins like JSON'],
    ['other identifiers', 'x\ny\nz', 'none of its rows belongs to an item of the catalogue'],
  ])('a list with %s is refused', async (_, list, what) => {
    put(base, 'order.npy', npyFile(NPY, BYTES));
    put(base, 'order', list);
    const error = await errorOf(read(source));
    expect(error).toMatchObject({ name: 'DatasetError', code: 'features-invalid' });
    expect(String(error)).toContain(what);
  });

  test('without a list there must be as many rows as items', async () => {
    put(base, 'order.npy', npyFile(NPY, BYTES));
    expect(String(await errorOf(read({ file: 'order.npy' }, ['a', 'b'])))).toContain('3 rows, the catalogue 2 items');
  });
});

describe('a file that does not fit is refused', () => {
  test.each([
    ['Fortran order', NPY.replace('False', 'True'), 'Fortran order'],
    ['one axis', NPY.replace('(3, 2)', '(6,)'), 'the shape [6] where items x dimension is expected'],
    ['no rows', NPY.replace('(3, 2)', '(0, 2)'), 'the shape [0, 2]'],
    ['whole numbers', NPY.replace('<f4', '<i4'), "it holds '<i4'; float16, float32 and float64 are read"],
    ['Python objects', NPY.replace('<f4', '|O'), "it holds '|O'"],
    ['records', NPY.replace("'<f4'", "[('x', '<f4')]"), 'it holds records'],
    ['no shape', "{'descr': '<f4', 'fortran_order': False}", 'does not give descr, fortran_order and shape'],
    ['more rows than its bytes', NPY.replace('(3, 2)', '(4, 2)'), 'truncated: its shape needs 32 bytes, it has 24'],
    ['fewer rows than its bytes', NPY.replace('(3, 2)', '(2, 2)'), '8 bytes follow its numbers'],
  ])('NPY with %s', async (_, header, what) => {
    const error = await npy(header);
    expect(error).toMatchObject({ code: 'features-invalid', place: { file: 'bad.npy' } });
    expect(String(error)).toContain(what);
  });

  test('NPY cut off anywhere', async () => {
    const whole = npyFile(NPY, BYTES);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(join(base, 'cut.npy'), whole.subarray(0, length));
      expect(await errorOf(read({ file: 'cut.npy' })), `${length} bytes`).toMatchObject({ code: 'features-invalid' });
    }
  });

  test('NPY of a version to come', async () => {
    const file = npyFile(NPY, BYTES);
    file[6] = 4;
    put(base, 'four.npy', file);
    expect(String(await errorOf(read({ file: 'four.npy' })))).toContain('NPY version 4');
  });

  test.each([NaN, Infinity, -Infinity])('with %f among its numbers', async (value) => {
    const error = await npy(NPY, float32Bytes([1, 2, 3, value, 5, 6]));
    expect(String(error)).toContain('row 1 (from 0) holds a number that is not finite');
  });

  test('with another width than the mapping says', async () => {
    put(base, 'x.npy', npyFile(NPY, BYTES));
    expect(String(await errorOf(read({ file: 'x.npy', dimension: 3 })))).toContain('2 wide where the mapping says 3');
  });

  test('raw with half a row', async () => {
    put(base, 'half.feat', BYTES.subarray(0, 20));
    const error = await errorOf(read({ file: 'half.feat', format: 'float32', dimension: 2 }));
    expect(String(error)).toContain('20 bytes are no whole number of rows of 2 float32');
  });

  test.each([
    ['the tensor is not there', 'depth', 'no tensor "depth", but "image", "text"'],
    ['the choice is open', undefined, 'several matrices ("image", "text"); name the one'],
    ['it is no matrix', 'names', 'the shape [4] where items x dimension'],
    ['it holds whole numbers', 'text', 'holds I32, no floating point numbers'],
  ])('safetensors where %s', async (_, tensor, what) => {
    const file = safetensorsFile({
      image: { dtype: 'F32', shape: [3, 2], bytes: BYTES },
      text: { dtype: 'I32', shape: [3, 1], bytes: new Uint8Array(12) },
      names: { dtype: 'F32', shape: [4], bytes: new Uint8Array(16) },
    });
    put(base, 'three.safetensors', file);
    expect(String(await errorOf(read({ file: 'three.safetensors', tensor })))).toContain(what);
  });

  test('safetensors cut off', async () => {
    const file = safetensorsFile({ image: { dtype: 'F32', shape: [3, 2], bytes: BYTES } });
    put(base, 'cut.safetensors', file.subarray(0, file.length - 1));
    expect(String(await errorOf(read({ file: 'cut.safetensors' })))).toContain('it is truncated');
    put(base, 'cut.safetensors', file.subarray(0, 5));
    expect(String(await errorOf(read({ file: 'cut.safetensors' })))).toContain('too few for a header length');
  });

  test('and one that does not exist is named', async () => {
    expect(await errorOf(read({ file: 'no.npy' }))).toMatchObject({ code: 'file-missing', place: { file: 'no.npy' } });
    put(base, 'x.npy', npyFile(NPY, BYTES));
    const error = await errorOf(read({ file: 'x.npy', items: 'no.txt' }));
    expect(error).toMatchObject({ code: 'file-missing', place: { file: 'no.txt' } });
  });
});
