import type { FileHandle } from 'node:fs/promises';

import { dataStartOf, layoutOf, TensorError, type TensorPlace } from '@noren/tensor/safetensors';

import { formatOf, type PrecomputedSource } from '../feature-source.ts';
import { NUMBER_BYTES, type NumberFormat } from './number-format.ts';
import { LONGEST_NPY_HEADER, readNpyHeader } from './npy-header.ts';

/** Where a matrix lies in a file, row-major. */
export interface MatrixLayout {
  readonly rows: number;
  readonly dimension: number;
  readonly number: NumberFormat;
  /** Byte of the first number. */
  readonly start: number;
}

/** Finds the matrix in a file of `size` bytes. Throws an Error that says in one clause what is wrong. */
export async function matrixLayout(file: FileHandle, size: number, source: PrecomputedSource): Promise<MatrixLayout> {
  switch (formatOf(source)) {
    case 'npy': {
      const { shape, number, start } = readNpyHeader(await readAt(file, 0, Math.min(size, LONGEST_NPY_HEADER)));
      const layout = { ...matrixShape(shape), number, start };
      checkLength(layout, size - start);
      return layout;
    }
    case 'safetensors':
      return inSafetensors(file, size, source.tensor);
    case 'float32': {
      const dimension = source.dimension ?? 0;
      if (size === 0 || size % (dimension * 4) !== 0)
        throw new Error(`its ${size} bytes are no whole number of rows of ${dimension} float32`);
      const number = { kind: 'float32', littleEndian: true } as const;
      return { rows: size / (dimension * 4), dimension, number, start: 0 };
    }
    case null:
      throw new Error('its format is not known');
  }
}

/** Reads exactly `length` bytes. Throws where the file ends before. */
export async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new Error('it became shorter while it was read');
    done += bytesRead;
  }
  return bytes;
}

const FLOATS: ReadonlyMap<string, NumberFormat['kind']> = new Map([
  ['F16', 'float16'],
  ['BF16', 'bfloat16'],
  ['F32', 'float32'],
  ['F64', 'float64'],
]);

async function inSafetensors(file: FileHandle, size: number, wanted: string | undefined): Promise<MatrixLayout> {
  try {
    const dataStart = dataStartOf(await readAt(file, 0, Math.min(size, 8)), size);
    const { places } = layoutOf(await readAt(file, 0, dataStart), size);
    const place = chosen(places, wanted);
    const kind = FLOATS.get(place.dtype);
    if (kind === undefined)
      throw new Error(`its tensor "${place.name}" holds ${place.dtype}, no floating point numbers`);
    return { ...matrixShape(place.shape), number: { kind, littleEndian: true }, start: dataStart + place.begin };
  } catch (error) {
    if (error instanceof TensorError) throw new Error(clause(error.message), { cause: error });
    throw error;
  }
}

function chosen(places: readonly TensorPlace[], wanted: string | undefined): TensorPlace {
  const matrices = places.filter(({ shape }) => shape.length === 2);
  const place = wanted === undefined ? matrices[0] : places.find(({ name }) => name === wanted);
  const names = matrices.slice(0, 20).map(({ name }) => `"${name}"`);
  if (place === undefined)
    throw new Error(
      wanted === undefined
        ? 'it holds no matrix'
        : `it holds no tensor "${wanted}", but ${names.join(', ') || 'no matrix at all'}`,
    );
  if (wanted === undefined && matrices.length > 1)
    throw new Error(`it holds several matrices (${names.join(', ')}); name the one with "tensor"`);
  return place;
}

function matrixShape(shape: readonly number[]): { rows: number; dimension: number } {
  const [rows = 0, dimension = 0] = shape;
  if (shape.length !== 2 || rows === 0 || dimension === 0)
    throw new Error(`it has the shape [${shape.join(', ')}] where items x dimension is expected`);
  return { rows, dimension };
}

function checkLength({ rows, dimension, number }: MatrixLayout, bytes: number): void {
  const expected = rows * dimension * NUMBER_BYTES[number.kind];
  if (bytes < expected) throw new Error(`it is truncated: its shape needs ${expected} bytes, it has ${bytes}`);
  if (bytes > expected) throw new Error(`${bytes - expected} bytes follow its numbers`);
}

function clause(message: string): string {
  return message.replace(/\.$/, '').replace(/^Not/, 'it is not');
}
