/**
 * The ring of integers modulo 2^32, held as Int32Array: addition wraps, and reading an element as signed gives its
 * centred representative, -2^31 .. 2^31 - 1.
 *
 * The loops are standalone functions that only ever see Int32Arrays: V8 compiles them to loads, adds and a store. The
 * same loop inside a closure runs at less than half the speed. Two masks a pass save a load and a store of the target.
 */

/** target += a (mod 2^32), element by element. */
export function addInto(target: Int32Array, a: Int32Array): void {
  const length = target.length;
  for (let i = 0; i < length; i++) target[i] = (target[i]! + a[i]!) | 0;
}

/** target += a + b. The sum of three is far below 2^53, so one wrap at the end is exact. */
export function addPairInto(target: Int32Array, a: Int32Array, b: Int32Array): void {
  const length = target.length;
  for (let i = 0; i < length; i++) target[i] = (target[i]! + a[i]! + b[i]!) | 0;
}

/** target -= a. */
export function subtractFrom(target: Int32Array, a: Int32Array): void {
  const length = target.length;
  for (let i = 0; i < length; i++) target[i] = (target[i]! - a[i]!) | 0;
}

/** target -= a + b. */
export function subtractPairFrom(target: Int32Array, a: Int32Array, b: Int32Array): void {
  const length = target.length;
  for (let i = 0; i < length; i++) target[i] = (target[i]! - a[i]! - b[i]!) | 0;
}

/** The wire format: four bytes an element, little-endian. A view, not a copy. */
export function ringBytes(elements: Int32Array): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}

// Vectors are views of the same bytes on the wire, in memory and in the cipher's output.
if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) {
  throw new Error('Noren runs on little-endian machines only.');
}
