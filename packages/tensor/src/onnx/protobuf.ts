/**
 * The few parts of the Protocol Buffers wire format an ONNX model needs. A message is a list of encoded fields; lengths
 * are known bottom-up, so nothing is patched afterwards.
 */
export type Encoded = Uint8Array;

const WIRE_VARINT = 0;
const WIRE_LENGTH_DELIMITED = 2;
const WIRE_FIXED32 = 5;

const utf8 = new TextEncoder();

export function message(fields: readonly Encoded[]): Encoded {
  const bytes = new Uint8Array(fields.reduce((length, field) => length + field.byteLength, 0));
  let position = 0;
  for (const field of fields) {
    bytes.set(field, position);
    position += field.byteLength;
  }
  return bytes;
}

export function integerField(number: number, value: number | bigint): Encoded {
  return Uint8Array.from([...key(number, WIRE_VARINT), ...varint(BigInt(value))]);
}

export function floatField(number: number, value: number): Encoded {
  const bytes = new Uint8Array(Float32Array.of(value).buffer);
  return Uint8Array.from([...key(number, WIRE_FIXED32), ...bytes]);
}

export function bytesField(number: number, value: Uint8Array): Encoded {
  const head = [...key(number, WIRE_LENGTH_DELIMITED), ...varint(BigInt(value.byteLength))];
  return message([Uint8Array.from(head), value]);
}

export function textField(number: number, value: string): Encoded {
  return bytesField(number, utf8.encode(value));
}

export function messageField(number: number, fields: readonly Encoded[]): Encoded {
  return bytesField(number, message(fields));
}

export function packedField(number: number, values: readonly number[]): Encoded {
  return bytesField(number, Uint8Array.from(values.flatMap((value) => varint(BigInt(value)))));
}

function key(number: number, wireType: number): number[] {
  return varint(BigInt((number << 3) | wireType));
}

/** Negative numbers are written as their 64-bit two's complement, as the format prescribes for int64. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}
