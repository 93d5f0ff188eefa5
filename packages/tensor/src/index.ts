export { tf } from './engine.ts';
export { TensorError, type TensorErrorCode } from './error.ts';
export type { HostTensor, TensorFile, TensorMap } from './safetensors/tensor-file.ts';
export type {
  AdamSpec,
  Batch,
  Constants,
  DataType,
  HostIndices,
  HostOutput,
  Inference,
  InferenceSpec,
  InputSpec,
  NoiseSource,
  ParameterSpec,
  Runtime,
  StepRate,
  Tensors,
  Training,
  TrainingSpec,
} from './spec.ts';
export { compileTraining } from './training/compile-training.ts';
export { compileInference } from './compile-inference.ts';
export { compilePerExampleGradients } from './per-example/compile-per-example.ts';
export type {
  ClippedGradients,
  Clipping,
  PerExampleGradients,
  PerExampleSpec,
} from './per-example/per-example-spec.ts';
export type { FlatLayout } from './training/flat-layout.ts';
export { benchmarkPerExample } from './benchmark/benchmark-per-example.ts';
export { benchmarkTraining, type BenchmarkRow } from './benchmark/benchmark-training.ts';
export { addPositions } from './composites/add-positions.ts';
export { causalAttention, type CausalAttentionInput } from './composites/causal-attention.ts';
export { gatherRows } from './composites/gather-rows.ts';
export { gelu } from './composites/gelu.ts';
export { l2Normalise } from './composites/l2-normalise.ts';
export { layerNorm } from './composites/layer-norm.ts';
export { linear } from './composites/linear.ts';
export { crossEntropies, softmaxCrossEntropy } from './composites/softmax-cross-entropy.ts';
