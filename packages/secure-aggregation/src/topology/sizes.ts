/** Sites of one complete graph; beyond it shares and masks outgrow the updates. */
export const LARGEST_GROUP = 128;

/** Sites of one round. Their ids travel to every one of them. */
export const MAXIMUM_COHORT = 10_000;
