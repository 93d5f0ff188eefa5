import { TensorError } from '../error.ts';
import { sizeOf } from './tensor-file.ts';

const LENGTH_BYTES = 8;
/** A header lists names and shapes only; 16 MiB is about 100,000 tensors. Checked before anything is allocated. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
const MAX_TENSORS = 100_000;
const MAX_RANK = 8;

/** Bytes of one value. */
const WIDTHS: ReadonlyMap<unknown, number> = new Map(
  Object.entries({
    F64: 8,
    F32: 4,
    F16: 2,
    BF16: 2,
    F8_E4M3: 1,
    F8_E5M2: 1,
    I64: 8,
    I32: 4,
    I16: 2,
    I8: 1,
    U64: 8,
    U32: 4,
    U16: 2,
    U8: 1,
    BOOL: 1,
  }),
);

/** Where one tensor lies in the file, row-major and little-endian. */
export interface TensorPlace {
  readonly name: string;
  /** `F32`, `F16`, `BF16`, `F64`, `I64`, ... */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte and the byte after the last, from the start of the data. */
  readonly begin: number;
  readonly end: number;
}

/** What a safetensors header says. */
export interface TensorLayout {
  readonly places: readonly TensorPlace[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Where a file's data starts, from its first 8 bytes (or more of it) and its length.
 * Throws TensorError `invalid-file` when the header cannot lie in the file.
 */
export function dataStartOf(first: Uint8Array, fileBytes: number): number {
  if (first.byteLength < LENGTH_BYTES) throw invalid(`it has ${first.byteLength} bytes, too few for a header length`);
  const declared = new DataView(first.buffer, first.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES)) {
    throw invalid(`it declares a header of ${declared} bytes; the limit is ${MAX_HEADER_BYTES}`);
  }
  const dataStart = LENGTH_BYTES + Number(declared);
  if (dataStart > fileBytes) {
    throw invalid(`it is truncated: the header needs ${dataStart} bytes, the file has ${fileBytes}`);
  }
  return dataStart;
}

/**
 * Reads the header of a file of `fileBytes` bytes, of which `head` is everything before the data (or more), from a
 * source that need not be trusted.
 * Throws TensorError `invalid-file` when the file is truncated, has gaps, overlaps or trailing bytes.
 */
export function layoutOf(head: Uint8Array, fileBytes: number): TensorLayout {
  const dataStart = dataStartOf(head, fileBytes);
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      head.subarray(LENGTH_BYTES, dataStart),
    );
    header = JSON.parse(text);
  } catch (cause) {
    throw new TensorError('invalid-file', 'Not a safetensors file: its header is not JSON.', { cause });
  }
  if (!isRecord(header)) throw invalid('its header is not a JSON object');
  let metadata: Record<string, string> = {};
  const places: TensorPlace[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(value);
    else places.push(readPlace(name, value));
  }
  if (places.length > MAX_TENSORS) throw invalid(`it lists ${places.length} tensors; the limit is ${MAX_TENSORS}`);
  checkCoverage(places, fileBytes - dataStart);
  return { places, metadata };
}

function readMetadata(value: unknown): Record<string, string> {
  if (!isRecord(value)) throw invalid('__metadata__ is not an object');
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== 'string') throw invalid(`metadata ${JSON.stringify(key)} is not a string`);
      return [key, text];
    }),
  );
}

function readPlace(name: string, value: unknown): TensorPlace {
  const label = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) throw invalid(`${label} is not described by an object`);
  const dtype = value['dtype'];
  const width = WIDTHS.get(dtype);
  if (typeof dtype !== 'string' || width === undefined) {
    throw invalid(`${label} has the unknown dtype ${JSON.stringify(dtype)}`);
  }
  const shape = value['shape'];
  if (!isLengths(shape) || shape.length > MAX_RANK) {
    throw invalid(`${label} has no valid shape (up to ${MAX_RANK} whole dimensions)`);
  }
  const offsets = value['data_offsets'];
  if (!isLengths(offsets) || offsets.length !== 2) throw invalid(`${label} has no valid data_offsets`);
  const [begin = 0, end = 0] = offsets;
  const size = sizeOf(shape);
  if (!Number.isSafeInteger(size) || end - begin !== size * width) {
    throw invalid(`${label} of shape [${shape.join(', ')}] cannot lie in bytes ${begin} to ${end}`);
  }
  return { name, dtype, shape, begin, end };
}

/** The format allows no holes (nothing hidden between tensors) and no overlaps: sorted by place they tile the data. */
function checkCoverage(places: readonly TensorPlace[], dataLength: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      throw invalid(
        `tensor ${JSON.stringify(name)} begins at byte ${begin}, which ${begin < covered ? 'overlaps the tensor before it' : 'leaves a gap'} (expected ${covered})`,
      );
    }
    covered = end;
  }
  if (covered !== dataLength) {
    throw invalid(
      covered > dataLength
        ? `it is truncated: its tensors need ${covered} bytes of data, it has ${dataLength}`
        : `${dataLength - covered} bytes follow its last tensor`,
    );
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLengths(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function invalid(what: string): TensorError {
  return new TensorError('invalid-file', `Not a valid safetensors file: ${what}.`);
}
