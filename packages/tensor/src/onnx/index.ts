export { TensorError } from '../error.ts';
export {
  encodeModel,
  type Attribute,
  type OnnxBoundary,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValue,
} from './model.ts';
export {
  externalDataFiles,
  openOnnxModel,
  type OnnxArray,
  type OnnxModel,
  type OnnxModelOptions,
  type OnnxPort,
} from './open-model.ts';
