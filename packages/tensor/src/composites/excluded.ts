/** Added to a logit, takes it out of a softmax. Finite: minus infinity would turn into NaN in the gradient. */
export const EXCLUDED = -1e9;
