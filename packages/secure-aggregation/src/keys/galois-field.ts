/*
 * The field of Shamir's shares: GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, that of AES (FIPS 197, section 4.2). Addition is the
 * exclusive or.
 *
 * The tables make the time depend on the operands. They are used at the coordinator, on shares that were revealed to it.
 */

const ORDER = 255;

/** Powers of the generator x + 1, twice over, so that a sum of two logarithms needs no reduction. */
const POWERS = new Uint8Array(2 * ORDER);
const LOGARITHMS = new Uint8Array(ORDER + 1);

for (let exponent = 0, power = 1; exponent < ORDER; exponent++) {
  POWERS[exponent] = power;
  POWERS[exponent + ORDER] = power;
  LOGARITHMS[power] = exponent;
  const doubled = (power << 1) ^ (power & 0x80 ? 0x11b : 0);
  power ^= doubled;
}

export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : POWERS[LOGARITHMS[a]! + LOGARITHMS[b]!]!;
}

/** a / b, b not 0. */
export function divide(a: number, b: number): number {
  return a === 0 ? 0 : POWERS[LOGARITHMS[a]! + ORDER - LOGARITHMS[b]!]!;
}
