import type { NumberFormat } from './number-format.ts';

/** What an NPY file's header says. */
export interface NpyHeader {
  readonly shape: readonly number[];
  readonly number: NumberFormat;
  /** Byte at which the numbers start. */
  readonly start: number;
}

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** A header of one plain array takes about 120 bytes. */
export const LONGEST_NPY_HEADER = 65_536;

const KINDS: Readonly<Record<string, NumberFormat['kind']>> = { f2: 'float16', f4: 'float32', f8: 'float64' };

/**
 * Reads the header of an NPY file, versions 1 to 3 (NumPy Enhancement Proposal 1 and numpy.lib.format): magic string,
 * version, length of the header (2 bytes little-endian in version 1, else 4), and a Python dictionary literal with
 * `descr`, `fortran_order` and `shape`. `head` is the file's beginning. Throws an Error that says in one clause what is
 * wrong.
 */
export function readNpyHeader(head: Uint8Array): NpyHeader {
  const version = head[6] ?? 0;
  const wide = version === 1 ? 2 : 4;
  if (head.length < 8 + wide || MAGIC.some((byte, at) => head[at] !== byte)) throw new Error('it is no NPY file');
  if (version < 1 || version > 3) throw new Error(`it is NPY version ${version}; versions 1 to 3 are read`);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = wide === 2 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = 8 + wide + length;
  if (start > LONGEST_NPY_HEADER) throw new Error(`its header is longer than ${LONGEST_NPY_HEADER} bytes`);
  if (start > head.length) throw new Error('it ends within its header');
  return { ...parseDictionary(new TextDecoder().decode(head.subarray(8 + wide, start))), start };
}

function parseDictionary(text: string): Omit<NpyHeader, 'start'> {
  // A literal of three known keys in any order, as NumPy writes it: no general Python is needed to read it.
  const descr = /'descr'\s*:\s*('[^']*'|\[)/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || shape === undefined)
    throw new Error('its header does not give descr, fortran_order and shape');
  const [, endian, kind] = /^'([<>])(f[248])'$/.exec(descr) ?? [];
  if (endian === undefined || kind === undefined)
    throw new Error(`it holds ${descr === '[' ? 'records' : descr}; float16, float32 and float64 are read`);
  const sides = shape.split(',').map((side) => side.trim());
  if (order === 'True' && sides.filter((side) => side !== '').length > 1)
    throw new Error('it is in Fortran order; save numpy.ascontiguousarray of it');
  return {
    shape: sides.filter((side) => side !== '').map(Number),
    number: { kind: KINDS[kind] ?? 'float32', littleEndian: endian === '<' },
  };
}
