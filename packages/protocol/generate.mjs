/**
 * Generates the wire code from proto/ with pbjs: an ES module and its declarations.
 *
 * The sources import it from src/generated (tests and the dev server run sources), the built package from dist/generated;
 * both are outside version control. Nothing is done when the inputs have not changed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const protoRoot = join(here, '../../proto');
const sourceFolder = join(here, 'src/generated');
const builtFolder = join(here, 'dist/generated');
const outputs = ['noren.js', 'noren.d.ts'];

const require = createRequire(import.meta.url);
const generatorPackage = require.resolve('protobufjs-cli/package.json');

// Domain messages are plain objects checked elsewhere, so of the generated functions only encode and decode are wanted.
const generatorOptions =
  '--target static-module --wrap esm --dts --no-create --no-verify --no-convert --no-delimited --no-typeurl'
    .split(' ')
    .concat('--path', protoRoot);

const protoFiles = readdirSync(join(protoRoot, 'noren/v1'))
  .filter((name) => name.endsWith('.proto'))
  .toSorted()
  .map((name) => join(protoRoot, 'noren/v1', name));

/** Everything the output depends on: this script, the generator's version and the definitions. */
function inputHash() {
  const hash = createHash('sha256');
  for (const file of [fileURLToPath(import.meta.url), generatorPackage, ...protoFiles]) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function generate() {
  mkdirSync(sourceFolder, { recursive: true });
  execFileSync(
    process.execPath,
    [
      join(dirname(generatorPackage), 'bin/pbjs'),
      ...generatorOptions,
      '--out',
      join(sourceFolder, 'noren.js'),
      ...protoFiles,
    ],
    { stdio: 'inherit' },
  );
}

const stampFile = join(sourceFolder, 'inputs.sha256');
const stamp = inputHash();
const complete = outputs.every((name) => existsSync(join(sourceFolder, name)));
if (!complete || !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  generate();
  writeFileSync(stampFile, stamp);
}

mkdirSync(builtFolder, { recursive: true });
for (const name of outputs) copyFileSync(join(sourceFolder, name), join(builtFolder, name));
