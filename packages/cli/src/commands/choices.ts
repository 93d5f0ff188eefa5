import { InvalidArgumentError } from 'commander';

/** A whole number from a flag, or commander's own usage error. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`a whole number from ${minimum} to ${maximum} is needed.`);
    }
    return value;
  };
}

/** A share of the sites, 0 .. 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('a number from 0 to 1 is needed.');
}

export const port: (text: string) => number = wholeNumber(0, 65_535);

export function roundOrLatest(text: string): number | 'latest' {
  if (text === 'latest') return text;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('a round number or latest is needed.');
}
