import type { ModelSettings } from './model-settings.ts';

/** A model ready to make vectors of one kind of content: texts, or the bytes of image files. */
export interface ItemModel<Content> {
  /** Without gaps: what the mapping left open, the model decided. */
  readonly settings: ModelSettings;
  /** Length of a vector. */
  readonly width: number;
  /** One vector each; null for a content that cannot be read. Throws DatasetError `model-invalid`. */
  embed(contents: readonly Content[]): Promise<(Float32Array | null)[]>;
  close(): Promise<void>;
}
