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
export { exportOnnx } from './export-onnx.ts';
export { availableRuntimes } from './runtime/select.ts';
export { learningRateShare, type LearningRateSchedule } from './training/learning-rate.ts';
export { afterEvaluation, earlyStopping, shouldStop, type EarlyStopping } from './training/early-stopping.ts';
export { targetRanks, type TargetRanksInput } from './ranking/target-ranks.ts';
export { topItems } from './ranking/top-items.ts';
export { compilePerExampleGradients } from './per-example/compile-per-example.ts';
export type {
  ClippedGradients,
  Clipping,
  InputSpec,
  PerExampleGradients,
  PerExampleSpec,
} from './per-example/per-example-spec.ts';
export type { FlatLayout } from './training/flat-layout.ts';
export { benchmarkPerExample } from './benchmark/benchmark-per-example.ts';
export { benchmarkRanking, type RankingSizes } from './benchmark/benchmark-ranking.ts';
export { benchmarkWorker } from './benchmark/benchmark-worker.ts';
export { benchmarkPytorch, type NamedWorkload, type PytorchBenchmark } from './benchmark/benchmark-pytorch.ts';
export { benchmarkTraining, type BenchmarkRow } from './benchmark/benchmark-training.ts';
export { addPositions } from './composites/add-positions.ts';
export { causalAttention, type CausalAttentionInput } from './composites/causal-attention.ts';
export { contrastiveLoss, type ContrastiveInput } from './composites/contrastive-loss.ts';
export { exampleCopies } from './composites/example-copies.ts';
export { feedForward, type FeedForwardParameters } from './composites/feed-forward.ts';
export { gatherRows } from './composites/gather-rows.ts';
export { gelu } from './composites/gelu.ts';
export { l2Normalise } from './composites/l2-normalise.ts';
export { layerNorm } from './composites/layer-norm.ts';
export { linear } from './composites/linear.ts';
export { sampledSoftmaxCrossEntropy, type SampledSoftmaxInput } from './composites/sampled-softmax-cross-entropy.ts';
export { crossEntropies, softmaxCrossEntropy } from './composites/softmax-cross-entropy.ts';
