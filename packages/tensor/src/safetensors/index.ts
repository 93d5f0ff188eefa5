export type { HostTensor, TensorFile, TensorMap } from './tensor-file.ts';
export { TensorError, type TensorErrorCode } from '../error.ts';
export { readSafetensors } from './read.ts';
export { writeSafetensors } from './write.ts';
export { federatedVector, withFederatedVector } from './federated-vector.ts';
export { dataStartOf, layoutOf, type TensorLayout, type TensorPlace } from './layout.ts';
