import { TensorError } from '../error.ts';
import { sizeOf, type HostTensor, type TensorFile } from './tensor-file.ts';

const LENGTH_BYTES = 8;
const FLOAT_BYTES = 4;
/** A header lists names and shapes only; 16 MiB is about 100,000 tensors. Checked before anything is allocated. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;
const MAX_TENSORS = 100_000;
const MAX_RANK = 8;

interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file (8-byte little-endian header length, JSON header, data) of float32 tensors, from a source
 * that need not be trusted. Tensors are copies, so `bytes` may be reused.
 * Throws TensorError `invalid-file` when the file is truncated, has gaps, overlaps or trailing bytes, or holds another dtype.
 */
export function readSafetensors(bytes: Uint8Array): TensorFile {
  const { header, dataStart } = readHeader(bytes);
  const dataLength = bytes.byteLength - dataStart;
  let metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(value);
    else entries.push(readEntry(name, value));
  }
  if (entries.length > MAX_TENSORS) throw invalid(`it lists ${entries.length} tensors; the limit is ${MAX_TENSORS}`);
  checkCoverage(entries, dataLength);

  // Copied once, so that the float views below are aligned wherever the file lies in its buffer. A Buffer's own slice
  // would not copy but show the pool it was cut from.
  const data = Uint8Array.prototype.slice.call(bytes, dataStart).buffer;
  const tensors = new Map<string, HostTensor>();
  for (const { name, shape, begin, end } of entries) {
    tensors.set(name, { shape, data: new Float32Array(data.slice(begin, end)) });
  }
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): { header: Readonly<Record<string, unknown>>; dataStart: number } {
  if (bytes.byteLength < LENGTH_BYTES) throw invalid(`it has ${bytes.byteLength} bytes, too few for a header length`);
  const declared = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES)) {
    throw invalid(`it declares a header of ${declared} bytes; the limit is ${MAX_HEADER_BYTES}`);
  }
  const dataStart = LENGTH_BYTES + Number(declared);
  if (dataStart > bytes.byteLength) {
    throw invalid(`it is truncated: the header needs ${dataStart} bytes, the file has ${bytes.byteLength}`);
  }
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      bytes.subarray(LENGTH_BYTES, dataStart),
    );
    header = JSON.parse(text);
  } catch (cause) {
    throw new TensorError('invalid-file', 'Not a safetensors file: its header is not JSON.', { cause });
  }
  if (!isRecord(header)) throw invalid('its header is not a JSON object');
  return { header, dataStart };
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

function readEntry(name: string, value: unknown): Entry {
  const label = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) throw invalid(`${label} is not described by an object`);
  if (value['dtype'] !== 'F32') throw invalid(`${label} has dtype ${JSON.stringify(value['dtype'])}; only F32 is read`);
  const shape = value['shape'];
  if (!isLengths(shape) || shape.length > MAX_RANK) {
    throw invalid(`${label} has no valid shape (up to ${MAX_RANK} whole dimensions)`);
  }
  const offsets = value['data_offsets'];
  if (!isLengths(offsets) || offsets.length !== 2) throw invalid(`${label} has no valid data_offsets`);
  const [begin = 0, end = 0] = offsets;
  const size = sizeOf(shape);
  if (!Number.isSafeInteger(size) || end - begin !== size * FLOAT_BYTES) {
    throw invalid(`${label} of shape [${shape.join(', ')}] cannot lie in bytes ${begin} to ${end}`);
  }
  return { name, shape, begin, end };
}

/** The format allows no holes (nothing hidden between tensors) and no overlaps: sorted by place they tile the data. */
function checkCoverage(entries: readonly Entry[], dataLength: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
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
