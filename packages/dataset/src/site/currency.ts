const CODES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** Whether it is a code of ISO 4217, past currencies among them. */
export function isCurrency(code: string): boolean {
  return CODES.has(code);
}
