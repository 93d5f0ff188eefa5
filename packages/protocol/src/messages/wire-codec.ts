import { z } from 'zod';

import { ProtocolError } from '../protocol-error.ts';

/**
 * Translates one kind of message between the domain (plain immutable objects) and the shape protobufjs reads and writes.
 * It checks in both directions: what the peer would refuse is refused before it is sent.
 */
export interface WireCodec<Domain, Wire> {
  toWire(message: Domain): Wire;
  fromWire(wire: unknown): Domain;
}

/** The two static functions of a class that pbjs generates. */
export interface GeneratedMessage<Wire> {
  encode(message: Wire): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Wire;
}

export function wireCodec<Domain, Wire>(name: string, schema: z.ZodType<Domain, Wire>): WireCodec<Domain, Wire> {
  return {
    toWire: (message) => checked(name, z.safeEncode(schema, message)),
    fromWire: (wire) => checked(name, z.safeDecode(schema, wire as Wire)),
  };
}

function checked<T>(name: string, result: z.ZodSafeParseResult<T>): T {
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = (issue?.path ?? []).map(String).join('.');
  const place = path === '' ? name : `${name}.${path}`;
  throw new ProtocolError('invalid-message', `${place} is not valid: ${issue?.message}`, { cause: result.error });
}

/** Protobuf bytes of a generated class; anything malformed is ProtocolError `invalid-message`. */
export function decodeFrame<Wire>(name: string, generated: GeneratedMessage<Wire>, bytes: Uint8Array): Wire {
  try {
    return generated.decode(bytes);
  } catch (cause) {
    throw new ProtocolError('invalid-message', `${name} is not a protobuf message: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Exactly (or between) so many bytes. Decoding copies: protobufjs hands out views into the receive buffer, which would
 * keep the whole frame alive and may be unaligned for typed arrays.
 */
export function bytesField(minimum: number, maximum: number = minimum): z.ZodType<Uint8Array, Uint8Array> {
  const size = minimum === maximum ? `${minimum}` : `${minimum} to ${maximum}`;
  const sized = z
    .custom<Uint8Array>((value) => value instanceof Uint8Array, 'must be bytes')
    .refine((bytes) => bytes.length >= minimum && bytes.length <= maximum, `must be ${size} bytes`);
  return z.codec(sized, z.custom<Uint8Array>(), { decode: (bytes) => new Uint8Array(bytes), encode: (bytes) => bytes });
}

/** proto3 has no null: an empty string stands for it. */
export function emptyAsNull<T extends string>(schema: z.ZodType<T, string>): z.ZodType<T | null, string> {
  return z.codec(z.string().max(4096), z.nullable(schema), {
    decode: (text) => (text === '' ? null : text),
    encode: (text) => text ?? '',
  });
}

/** A protobuf enum as domain words; 0 (unspecified) and numbers this version does not know are refused. */
export function enumField<Word extends string, Value extends number>(
  numbers: Readonly<Record<Word, Value>>,
): z.ZodType<Word, Value> {
  const words = Object.keys(numbers) as Word[];
  return z.codec(
    z.custom<Value>((value) => words.some((word) => numbers[word] === value), `must be one of ${words.join(', ')}`),
    z.custom<Word>((value) => words.includes(value as Word), `must be one of ${words.join(', ')}`),
    {
      decode: (value) => words.find((word) => numbers[word] === value) as Word,
      encode: (word) => numbers[word],
    },
  );
}

/** Text for people: bounded, no control characters but line breaks and tabs. */
export function textField(maximum: number): z.ZodType<string, string> {
  return z
    .string()
    .max(maximum)
    .refine((text) => !hasControlCharacters(text), 'must not contain control characters');
}

function hasControlCharacters(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) return true;
    if (code === 0x7f) return true;
  }
  return false;
}
