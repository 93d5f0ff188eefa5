import { CommanderError } from 'commander';

import { exitCode } from './exit-code.ts';
import { describeFailure, exitOf } from './failure.ts';
import { createProgram } from './program.ts';

const program = createProgram();
try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its own message; help and version end with 0, a wrong flag is a usage error.
    process.exitCode = error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  } else {
    process.stderr.write(`${describeFailure(error, process.argv.includes('--debug'))}\n`);
    process.exitCode = exitOf(error);
  }
}
