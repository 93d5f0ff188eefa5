import type { Reporter, TestCase } from 'vitest/node';

/**
 * On a bare machine a test whose outside program (nats-server, PostgreSQL, Chromium) or data is missing skips and says
 * what to install. In CI everything is installed, so there a skipped test is a broken promise and fails the run.
 */
export class SkipPolicy implements Reporter {
  readonly #skipped: string[] = [];

  onTestCaseResult(testCase: TestCase): void {
    if (testCase.result().state === 'skipped')
      this.#skipped.push(`${testCase.module.relativeModuleId}: ${testCase.fullName}`);
  }

  onTestRunEnd(): void {
    if (this.#skipped.length === 0) return;
    const strict = process.env['NOREN_TEST_STRICT'] === '1';
    process.stderr.write(
      `\n${strict ? 'Skipped, which strict mode counts as failed' : 'Skipped'}:\n  ${this.#skipped.join('\n  ')}\n`,
    );
    if (strict) process.exitCode = 1;
  }
}
