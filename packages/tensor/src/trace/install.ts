import { tf } from '../engine.ts';
import { TRACE_BACKEND, TraceBackend } from './backend.ts';
import { KernelCall, unsupportedKernel, type Kernel } from './kernel.ts';
import { compositeKernels } from './kernels/composite.ts';
import { elementwiseKernels } from './kernels/elementwise.ts';
import { indexingKernels } from './kernels/indexing.ts';
import { matrixKernels } from './kernels/matrix.ts';
import { reductionKernels } from './kernels/reduction.ts';
import { shapeKernels } from './kernels/shape.ts';

const KERNELS: Readonly<Record<string, Kernel>> = {
  ...compositeKernels,
  ...elementwiseKernels,
  ...indexingKernels,
  ...matrixKernels,
  ...reductionKernels,
  ...shapeKernels,
};

/** The tfjs kernels, and the graph's own, that can be compiled. */
export const SUPPORTED_KERNELS: readonly string[] = Object.keys(KERNELS);

let installed: TraceBackend | undefined;

/** The tracing backend, registered with tfjs on first use and never chosen by tfjs on its own. */
export function traceBackend(): TraceBackend {
  if (installed !== undefined) return installed;
  const backend = new TraceBackend();
  tf.registerBackend(TRACE_BACKEND, () => backend, 0);
  for (const [kernelName, kernel] of Object.entries(KERNELS)) {
    tf.registerKernel({
      kernelName,
      backendName: TRACE_BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        const symbols = Object.entries(inputs).flatMap(([name, tensor]) =>
          // Optional inputs that were left out arrive as null or undefined.
          tensor == null ? [] : [[name, backend.symbolOf(tensor)] as const],
        );
        const call = new KernelCall(kernelName, backend.graph, Object.fromEntries(symbols), attrs ?? {});
        const result = kernel(call);
        return isList(result) ? result.map((symbol) => backend.register(symbol)) : backend.register(result);
      },
    });
  }
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (!Object.hasOwn(KERNELS, kernelName)) refuse(kernelName);
  }
  installed = backend;
  return backend;
}

/** tfjs' own message for a kernel a backend lacks does not say what to do. */
function refuse(kernelName: string): void {
  tf.registerKernel({
    kernelName,
    backendName: TRACE_BACKEND,
    kernelFunc: () => {
      throw unsupportedKernel(kernelName);
    },
  });
}

function isList<T>(result: T | readonly T[]): result is readonly T[] {
  return Array.isArray(result);
}
