import picocolors from 'picocolors';

/** Results go to `out` (stdout); everything said on the way goes to `say` (stderr), so that output can be piped. */
export interface Terminal {
  readonly interactive: boolean;
  readonly json: boolean;
  readonly colours: ReturnType<typeof picocolors.createColors>;
  out(text: string): void;
  say(text: string): void;
  /** Replaces the last progress line on a terminal; on a pipe prints at most one line every five seconds. */
  progress(text: string): void;
}

export function createTerminal(options: {
  readonly json: boolean;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly now?: () => number;
}): Terminal {
  const { json, stdout, stderr } = options;
  const now = options.now ?? Date.now;
  const interactive = stderr.isTTY && process.env['NO_COLOR'] === undefined;
  let progressShown = false;
  let lastProgressAt = Number.NEGATIVE_INFINITY;
  const clearProgress = (): void => {
    if (progressShown) stderr.write('\r\u001b[2K');
    progressShown = false;
  };
  return {
    interactive,
    json,
    colours: picocolors.createColors(interactive && !json),
    out(text) {
      clearProgress();
      stdout.write(`${text}\n`);
    },
    say(text) {
      clearProgress();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (interactive) {
        clearProgress();
        stderr.write(text.slice(0, (stderr.columns || 80) - 1));
        progressShown = true;
        return;
      }
      if (now() - lastProgressAt < 5000) return;
      lastProgressAt = now();
      stderr.write(`${text}\n`);
    },
  };
}
