import { basename } from 'node:path';

import { DatasetError } from '../errors.ts';
import { atomicRows } from './atomic-file.ts';

/** What was bought before, oldest first (upstream cuts it to the last 50), and what was bought next. */
interface Example {
  readonly row: number;
  readonly history: Int32Array;
  readonly target: number;
}

const FIELDS = ['user_id', 'item_id_list', 'item_id'] as const;

/**
 * Every user's whole sequence, from the rows that upstream made of it: for a sequence s of n items the test row is
 * (s[0 .. n-2], s[n-1]), the valid row (s[0 .. n-3], s[n-2]) and the train rows (s[0 .. k-1], s[k]) for each k below
 * n-2. Throws a DatasetError where rows of a user do not fit together, because the split would not be upstream's.
 */
export async function readWholeSequences(prefix: string, items: number): Promise<Map<number, Int32Array>> {
  const file = (part: string): string => `${prefix}.${part}.inter`;
  const valid = await oneRowEach(file('valid'), items);
  const test = await oneRowEach(file('test'), items);
  const sequences = new Map<number, Int32Array>();
  const cut = new Map<number, Example[]>();
  for (const [user, last] of test) {
    const before = valid.get(user);
    if (before === undefined) throw doesNotFit(file('test'), last.row, 'the valid file has no such user');
    sequences.set(user, append(last.history, last.target));
    if (last.history.length !== before.history.length + 1) cut.set(user, []);
  }
  for await (const { user, example } of examples(file('train'), items)) {
    const whole = sequences.get(user);
    const rows = cut.get(user);
    if (rows !== undefined) rows.push(example);
    else if (whole === undefined) throw doesNotFit(file('train'), example.row, 'the test file has no such user');
    else if (!continues(whole, example))
      throw doesNotFit(file('train'), example.row, 'it is no beginning of what the test file says of this user');
  }
  for (const [user, rows] of cut) {
    const [before, last] = [valid.get(user), test.get(user)] as [Example, Example];
    sequences.set(user, chain([...rows, before, last]) ?? fail(doesNotFit(file('test'), last.row, UNCHAINED)));
  }
  for (const [user, { row, history, target }] of valid) {
    const whole = sequences.get(user);
    if (whole === undefined) throw doesNotFit(file('valid'), row, 'the test file has no such user');
    if (whole.at(-2) !== target || !endsWith(whole.subarray(0, -2), history))
      throw doesNotFit(file('valid'), row, 'it is no beginning of what the test file says of this user');
  }
  return sequences;
}

const UNCHAINED = "the user's rows do not continue one another";

/** From the shortest row on, each row must continue what is known so far; null where the rows leave a gap. */
function chain(rows: readonly Example[]): Int32Array | null {
  const longest = rows.reduce((most, { history }) => Math.max(most, history.length), 0);
  const left = new Set(rows);
  let known = rows.find(({ history }) => history.length === 1)?.history;
  while (known !== undefined && left.size > 0) {
    const start: Int32Array = known;
    const length = Math.min(start.length, longest);
    const next = [...left].find(({ history }) => history.length === length && endsWith(start, history));
    if (next === undefined) return null;
    left.delete(next);
    known = append(start, next.target);
  }
  return known ?? null;
}

function continues(whole: Int32Array, { history, target }: Example): boolean {
  const length = history.length;
  return length < whole.length - 2 && endsWith(whole.subarray(0, length), history) && whole[length] === target;
}

function endsWith(sequence: Int32Array, end: Int32Array): boolean {
  const from = sequence.length - end.length;
  return from >= 0 && end.every((item, at) => sequence[from + at] === item);
}

function append(history: Int32Array, target: number): Int32Array {
  const longer = new Int32Array(history.length + 1);
  longer.set(history);
  longer[history.length] = target;
  return longer;
}

async function oneRowEach(path: string, items: number): Promise<Map<number, Example>> {
  const rows = new Map<number, Example>();
  for await (const { user, example } of examples(path, items)) {
    if (rows.has(user)) throw doesNotFit(path, example.row, 'the user has a row already');
    rows.set(user, example);
  }
  return rows;
}

async function* examples(path: string, items: number): AsyncIterable<{ user: number; example: Example }> {
  for await (const { row, cells } of atomicRows(path, basename(path), FIELDS)) {
    const user = index(cells.user_id, Infinity);
    const target = index(cells.item_id, items);
    const history = Int32Array.from(cells.item_id_list.split(' '), (token) => index(token, items));
    if (user < 0 || target < 0 || history.includes(-1))
      throw doesNotFit(path, row, 'users and items have to be numbers of user2index and item2index');
    yield { user, example: { row, history, target } };
  }
}

/** -1 for what is no index below `limit`. */
function index(token: string, limit: number): number {
  const value = /^\d{1,9}$/.test(token) ? Number(token) : -1;
  return value < limit ? value : -1;
}

function doesNotFit(path: string, row: number, what: string): DatasetError {
  const place = { file: basename(path), row };
  return new DatasetError('row-malformed', what, place, 'Take all files of the domain from one upstream split');
}

function fail(error: DatasetError): never {
  throw error;
}
