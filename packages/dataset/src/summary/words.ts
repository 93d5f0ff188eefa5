import type { DropKind, NoticeKind } from '../reading-counts.ts';

/** Everything a summary says, in one language. */
export interface Words {
  readonly locale: string;
  readonly interactions: string;
  readonly rowsRead: string;
  readonly kept: string;
  readonly dropped: string;
  readonly dropKinds: Readonly<Record<DropKind, string>>;
  readonly period: string;
  readonly mostFrequent: string;
  readonly noticed: string;
  readonly noticeKinds: Readonly<Record<NoticeKind, string>>;
  readonly items: string;
  readonly inCatalogue: string;
  readonly withText: string;
  readonly withImage: string;
  readonly withPrice: string;
  readonly neverBought: string;
  readonly prices: string;
  readonly unnamedCurrency: string;
  readonly lowest: string;
  readonly median: string;
  readonly highest: string;
  readonly free: string;
  readonly outliers: string;
  readonly customers: string;
  readonly customersKept: string;
  /** Of all customers read, those with so many purchases. */
  readonly purchases: (from: string, to: string | null) => string;
  readonly hints: string;
  readonly hintTexts: Readonly<Record<Hint, string>>;
  /** Between a name and what is said of it. */
  readonly colon: string;
}

/** What a store's IT should look at. */
export type Hint =
  | 'many-unknown-items'
  | 'no-text'
  | 'few-customers'
  | 'one-item-dominates'
  | 'wrong-time-zone'
  | 'many-outliers'
  | 'most-rows-lost';
