import type { Words } from './words.ts';

export const english: Words = {
  locale: 'en',
  interactions: 'Purchases',
  rowsRead: 'rows read',
  kept: 'kept',
  dropped: 'left out',
  dropKinds: {
    malformed: 'not cut into columns',
    'no-customer': 'no customer',
    'no-item': 'no item',
    'bad-time': 'no usable time',
    'bad-price': 'no usable price or currency',
    'bad-quantity': 'no usable quantity',
    cancellation: 'returns and cancellations',
    'not-a-product': 'no product (postage, fees, coupons)',
    'unknown-item': 'the item is not in the catalogue',
    duplicate: 'duplicates: same customer, item and time',
    repeat: 'the customer had the item before',
    'rare-item': 'the item is bought too seldom',
    'few-purchases': 'the customer has too few purchases',
  },
  period: 'period (UTC)',
  mostFrequent: 'share of the most frequent item',
  noticed: 'Taken with a change',
  noticeKinds: {
    'item-left-out': 'catalogue rows left out',
    'item-without-price': 'items whose price could not be used',
    'item-without-image': 'items whose image could not be used',
    'item-text-cut': 'items whose text was cut',
    'price-above-regular': 'items dearer than their regular price',
    'paid-in-another-currency': 'payments in another currency than the item’s',
    'time-skipped': 'times at which no clock stood (clocks put forward)',
    'time-twice': 'times that clocks showed twice (clocks put back)',
  },
  items: 'Items',
  inCatalogue: 'in the catalogue',
  withText: 'with text',
  withImage: 'with an image',
  withPrice: 'with a price',
  neverBought: 'never bought',
  prices: 'Prices',
  unnamedCurrency: 'currency not named',
  lowest: 'lowest',
  median: 'median',
  highest: 'highest',
  free: 'items at 0',
  outliers: 'items far from the usual prices',
  customers: 'Customers',
  customersKept: 'with enough purchases',
  purchases: (from, to) =>
    to === null
      ? `${from} purchases or more`
      : from === to
        ? `${from} purchase${from === '1' ? '' : 's'}`
        : `${from} to ${to} purchases`,
  hints: 'Worth a look',
  hintTexts: {
    'many-unknown-items':
      'Many purchases name items that the catalogue lacks. Are both identifiers of the same kind, with leading zeros? Does the catalogue hold what is no longer sold?',
    'no-text': 'Most items have no text. Text says most about an item: name the columns of names and descriptions.',
    'few-customers': 'Fewer than 100 customers have enough purchases. A longer period makes the evaluation surer.',
    'one-item-dominates': 'One item makes up a fifth of all purchases or more. Is it a bag, a fee or a delivery?',
    'wrong-time-zone': 'Some times fall where clocks skipped an hour. Is the time zone right?',
    'many-outliers':
      'More than one price in a hundred lies far from the others. Is the decimal point right everywhere?',
    'most-rows-lost': 'More than half of the rows are left out.',
  },
  colon: ': ',
};
