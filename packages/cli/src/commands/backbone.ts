import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { Command } from 'commander';

import { readSource } from '../data/read-source.ts';
import { shutdownSignal } from '../shutdown.ts';
import { wholeNumber } from './choices.ts';
import { openTerminal } from './open-terminal.ts';

interface Options {
  readonly data: string;
  readonly out: string;
  readonly epochs: number;
  readonly seed: number;
}

const help = `
Item features come from the built-in encoders, from files or from a model on this machine: "features" in the JSON says
which, and the backbone names them, so that sites must use the same (docs/encoders.md).

Examples
  noren backbone pretrain --data headquarters.json --out backbone.safetensors
  noren backbone pretrain --data headquarters.json --out backbone.safetensors --epochs 80 --seed 7`;

export function backboneCommand(): Command {
  const backbone = new Command('backbone').description('The pretrained model that headquarters lends to its sites.');
  backbone
    .command('pretrain')
    .description("Pretrain a backbone on headquarters' own data.")
    .requiredOption('--data <file>', "JSON that describes headquarters' files, as `data` in an agent.json does")
    .requiredOption('--out <file>', 'the backbone to write (safetensors)')
    .option('--epochs <count>', 'passes over the data at the most; it stops early by itself', wholeNumber(1, 1000), 40)
    .option('--seed <number>', 'equal seeds give equal backbones', wholeNumber(0, 4_294_967_295), 1)
    .addHelpText('after', help)
    .action(async (options: Options, command: Command) => {
      const { terminal, phrases } = openTerminal(command);
      const { pretrainBackbone } = await import('../backbone/pretrain-backbone.ts');
      const { architecture } = await import('../backbone/architecture.ts');
      const source = await readSource(options.data);
      const file = resolve(options.out);
      await mkdir(dirname(file), { recursive: true });
      const { bytes } = await pretrainBackbone({
        source,
        base: dirname(resolve(options.data)),
        file,
        cacheFolder: join(dirname(file), '.noren-features'),
        config: architecture,
        pretraining: { epochs: options.epochs, batchSize: 64, learningRate: 0.002 },
        seed: options.seed,
        onProgress: (progress) =>
          terminal.progress(
            progress.kind === 'encoding'
              ? phrases.encoding(progress.what, progress.done, progress.total)
              : phrases.pretraining(progress.epoch, progress.epochs, progress.loss.toFixed(3)),
          ),
        signal: shutdownSignal(),
      });
      terminal.out(terminal.json ? JSON.stringify({ file, bytes: bytes.byteLength }) : file);
    });
  return backbone;
}
