export { tf } from './engine.ts';
export { TensorError, type TensorErrorCode } from './error.ts';
export type { HostTensor, TensorFile, TensorMap } from './safetensors/tensor-file.ts';
export type {
  AdamSpec,
  Batch,
  Constants,
  DataType,
  HostValue,
  HostValues,
  Loss,
  NoiseSource,
  OptimizerSpec,
  ParameterSpec,
  Runtime,
  RuntimeChoice,
  SgdSpec,
  StepRate,
  Tensors,
  TrainingOptions,
  Values,
} from './spec.ts';
export { compile, type Training } from './training/compile.ts';
export { compileInference, type Inference, type InferenceOptions, type Outputs } from './compile-inference.ts';
export { availableRuntimes } from './runtime/select.ts';
export { benchmarkTraining, type BenchmarkRow } from './benchmark/benchmark-training.ts';
export { causalAttention, type CausalAttentionInput } from './composites/causal-attention.ts';
export { gatherRows } from './composites/gather-rows.ts';
export { gelu } from './composites/gelu.ts';
export { l2Normalise } from './composites/l2-normalise.ts';
export { layerNorm } from './composites/layer-norm.ts';
export { linear } from './composites/linear.ts';
export { softmaxCrossEntropy } from './composites/softmax-cross-entropy.ts';
