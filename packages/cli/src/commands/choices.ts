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

export const port: (text: string) => number = wholeNumber(0, 65_535);
