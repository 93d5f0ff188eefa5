import { runOn, tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import type { DataType, HostValue } from '../spec.ts';
import type { Executable, HostArray, HostArrays, Program, RunOptions } from './executable.ts';
import { noiseTape } from './noise-tape.ts';
import { withoutRandomOps } from './without-random-ops.ts';

/** Interprets a program op by op on a tfjs backend. With `cpu` this is the reference every other runtime must match. */
export class EagerExecutable implements Executable {
  readonly #program: Program;
  readonly #backend: string;
  #fixed: HostArrays | undefined;

  constructor(program: Program, backend: string) {
    this.#program = program;
    this.#backend = backend;
  }

  load(fixed: HostArrays): void {
    this.#fixed = fixed;
  }

  run(fed: HostArrays, { noise, into }: RunOptions): Promise<Record<string, HostValue>> {
    const fixed = this.#fixed;
    const results: Record<string, HostValue> = {};
    runOn(this.#backend, () => {
      const tensors: Record<string, tf.Tensor> = {};
      for (const { name, shape, dtype, changes } of this.#program.ports) {
        const data = (changes === 'fixed' ? fixed : fed)?.[name];
        if (data === undefined) throw new TensorError('not-loaded', `The value of "${name}" was never given.`);
        tensors[name] = tensorOf(data, shape, dtype);
      }
      const tape = noiseTape((request, call) => tensorOf(noise.stretch(request, call), request.shape, 'float32'));
      for (const [name, tensor] of Object.entries(withoutRandomOps(() => this.#program.body(tensors, tape)))) {
        const data = hostArrayOf(tensor);
        const target = into[name];
        target?.set(data);
        results[name] = { shape: [...tensor.shape], data: target ?? data };
      }
    });
    return Promise.resolve(results);
  }

  dispose(): Promise<void> {
    this.#fixed = undefined;
    return Promise.resolve();
  }
}

function tensorOf(data: HostArray, shape: readonly number[], dtype: DataType): tf.Tensor {
  return tf.tensor(data, [...shape], dtype);
}

/** A copy: the JavaScript backend hands out its own memory, which may be an input's. */
function hostArrayOf(tensor: tf.Tensor): HostArray {
  const data = tensor.dataSync();
  return tensor.dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data);
}
