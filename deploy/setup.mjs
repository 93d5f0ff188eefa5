// Brings a fresh clone to a state in which the other commands work: installs the packages, generates code, builds.
// Runs before anything is installed, so it uses Node alone. Prints what it does while it does it; does nothing twice.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'node_modules', '.noren-installed');

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  refuse(
    `Noren needs Node.js 20.19 or later; this is ${process.version}. Install a newer one from nodejs.org and try again.`,
  );
}

/** Runs one step and says every five seconds that it still runs; its own output is shown only when it fails. */
function step(title, command, args) {
  return new Promise((resolve) => {
    const startedAt = Date.now();
    const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
    process.stderr.write(`${title} ...\n`);
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (piece) => output.push(piece));
    child.stderr.on('data', (piece) => output.push(piece));
    const ticker = setInterval(() => process.stderr.write(`  still ${title.toLowerCase()}, ${seconds()}\n`), 5000);
    const stop = () => child.kill('SIGINT');
    process.once('SIGINT', stop);
    child.once('error', (error) => output.push(Buffer.from(String(error))));
    child.once('close', (code, signal) => {
      clearInterval(ticker);
      process.off('SIGINT', stop);
      if (signal !== null || code === 130) process.exit(130);
      if (code !== 0) {
        process.stderr.write(Buffer.concat(output));
        refuse(`${title} failed after ${seconds()}; the output above says why.`);
      }
      process.stderr.write(`  done in ${seconds()}\n`);
      resolve();
    });
  });
}

const npm = process.env.npm_execpath;
const lockfile = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const installed = existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile;
if (!installed) {
  // Not `npm ci`: it refuses a lockfile that lacks the native packages of other platforms, which a mirror may not carry.
  // This installs what the lockfile says, its hashes checked, and leaves the lockfile as it is.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  await (npm === undefined
    ? step('Installing packages', 'npm', args)
    : step('Installing packages', process.execPath, [npm, ...args]));
  writeFileSync(stamp, lockfile);
}
// Turbo builds only what changed; with nothing to do this takes about a second.
await step('Building', join(root, 'node_modules', '.bin', 'turbo'), ['run', 'build', '--output-logs=errors-only']);
