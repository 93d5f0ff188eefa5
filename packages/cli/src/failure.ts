import { exitCode, type ExitCode } from './exit-code.ts';

/** A failure the person at the terminal can mend: the message says what, where and what to do. */
export class CliError extends Error {
  readonly exit: ExitCode;

  constructor(message: string, exit: ExitCode = exitCode.failed) {
    super(message);
    this.name = 'CliError';
    this.exit = exit;
  }
}

const exitByCode: Readonly<Record<string, ExitCode>> = {
  'not-found': exitCode.notFound,
  'file-missing': exitCode.notFound,
  denied: exitCode.denied,
  unauthorised: exitCode.denied,
  unreachable: exitCode.unreachable,
};

/** Errors of Noren's packages carry a `code` and a message written for people; anything else is a defect of ours. */
export function isExpected(error: unknown): error is Error & { readonly code: string } {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[a-z][a-z-]*$/.test(error.code)
  );
}

export function exitOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exit;
  if (isExpected(error)) return exitByCode[error.code] ?? exitCode.failed;
  return exitCode.failed;
}

/** One message, no stack: a stack helps only whoever mends Noren, and `--debug` shows it. */
export function describeFailure(error: unknown, debug: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (debug) return error.stack ?? error.message;
  if (error instanceof CliError || isExpected(error)) return error.message;
  return `${error.message}\nThis is a defect in Noren. Run the command again with --debug to see where it happened.`;
}
