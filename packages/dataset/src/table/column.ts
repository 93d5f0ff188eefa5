import { DatasetError } from '../errors.ts';

/**
 * How a cell is wanted:
 * - `id`: text; whole numbers that a program stored as floating point lose their ".0";
 * - `text`: text, the parts of a list joined by full stops;
 * - `number`: the text of a number, to be parsed where a bad one can be named;
 * - `time`: milliseconds since 1970, null where it is no time; without an offset from UTC it is taken for UTC;
 * - `wall-clock`: a time without an offset as if it were UTC, null where it has an offset or is no time;
 * - `unix-...`: milliseconds since 1970 from a count of that unit, null where it is no number.
 */
export type CellKind =
  | 'id'
  | 'text'
  | 'number'
  | 'time'
  | 'wall-clock'
  | 'unix-seconds'
  | 'unix-milliseconds'
  | 'unix-microseconds';

export interface Wanted {
  readonly column: string;
  readonly as: CellKind;
}

/** A table's column. `type` is the database's name for it; of text files every column is VARCHAR. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A clock time followed by Z or +09, +0900, +09:00. */
const OFFSET = '[0-9]:[0-9]{2}.*([zZ]|[+-][0-9]{2}(:?[0-9]{2})*)\\s*$';
const MILLISECONDS = { 'unix-seconds': 1000, 'unix-milliseconds': 1, 'unix-microseconds': 0.001 } as const;

/** The SQL of a wanted cell: a VARCHAR or a DOUBLE. */
export function cellExpression(as: CellKind, { name, type }: Column): string {
  const column = quotedName(name);
  const cell = `CAST(${column} AS VARCHAR)`;
  switch (as) {
    case 'text':
      return isList(type) ? `array_to_string(CAST(${column} AS VARCHAR[]), '. ')` : cell;
    case 'number':
      return cell;
    case 'id': {
      if (type !== 'DOUBLE') return cell;
      const number = `TRY_CAST(${column} AS DOUBLE)`;
      const isWhole = `${number} = trunc(${number}) AND abs(${number}) <= ${Number.MAX_SAFE_INTEGER}`;
      return `CASE WHEN ${isWhole} THEN CAST(CAST(${number} AS BIGINT) AS VARCHAR) ELSE ${cell} END`;
    }
    case 'time':
      return millisecondsOf(`TRY_CAST(${cell} AS TIMESTAMPTZ)`);
    case 'wall-clock':
      return `CASE WHEN NOT regexp_matches(${cell}, '${OFFSET}') THEN ${millisecondsOf(`TRY_CAST(${cell} AS TIMESTAMP)`)} END`;
    case 'unix-seconds':
    case 'unix-milliseconds':
    case 'unix-microseconds':
      return `TRY_CAST(${cell} AS DOUBLE) * ${MILLISECONDS[as]}`;
  }
}

/** "infinity" is a timestamp to the database, but has no milliseconds. */
function millisecondsOf(time: string): string {
  return `CASE WHEN isfinite(${time}) THEN CAST(epoch_ms(${time}) AS DOUBLE) END`;
}

/** A column whose type can never be what is wanted, as an error that names the type; null where it may. */
export function typeFault(as: CellKind, { name, type }: Column, label: string, meaning: string): DatasetError | null {
  const family = familyOf(type);
  const wanted = WANTED[as];
  if (family === 'unknown' || wanted.families.includes(family)) return null;
  const what = `the column holds ${FAMILIES[family]} (${type}), but ${meaning} needs ${wanted.what}`;
  return new DatasetError('column-type', what, { file: label, column: name }, wanted.remedies[family] ?? wanted.remedy);
}

type Family =
  | 'text'
  | 'whole'
  | 'real'
  | 'float'
  | 'truth'
  | 'time'
  | 'clock'
  | 'list'
  | 'nested'
  | 'binary'
  | 'unknown';

const FAMILIES: Readonly<Record<Exclude<Family, 'unknown'>, string>> = {
  text: 'text',
  whole: 'whole numbers',
  real: 'decimal numbers',
  float: 'decimal numbers of single precision',
  truth: 'true or false',
  time: 'dates or times',
  clock: 'times of day without a date',
  list: 'lists',
  nested: 'nested values',
  binary: 'bytes',
};

interface Expectation {
  readonly families: readonly Family[];
  readonly what: string;
  readonly remedy: string;
  readonly remedies: Readonly<Partial<Record<Family, string>>>;
}

const TIME: Expectation = {
  families: ['text', 'time'],
  what: 'dates and times',
  remedy: 'Name the column that says when',
  remedies: {
    whole: 'If it counts seconds or milliseconds since 1970, say so with interactions.timeUnit',
    real: 'If it counts seconds or milliseconds since 1970, say so with interactions.timeUnit',
  },
};
const UNIX: Expectation = {
  families: ['text', 'whole', 'real'],
  what: 'numbers, as interactions.timeUnit says',
  remedy: 'Name the column that says when',
  remedies: { time: 'Take interactions.timeUnit out of the mapping: the file holds real dates' },
};
const WANTED: Readonly<Record<CellKind, Expectation>> = {
  id: {
    families: ['text', 'whole', 'real'],
    what: 'identifiers',
    remedy: 'Name the column of identifiers, or export it as text',
    remedies: {
      float: 'Export it as text or as whole numbers: identifiers above 16,777,216 have been rounded in this file',
    },
  },
  text: {
    families: ['text', 'whole', 'real', 'float', 'truth', 'time', 'clock', 'list'],
    what: 'text',
    remedy: 'Name columns of text, or write the parts into columns of their own',
    remedies: {},
  },
  number: {
    families: ['text', 'whole', 'real', 'float'],
    what: 'numbers',
    remedy: 'Name the column of numbers',
    remedies: {},
  },
  time: TIME,
  'wall-clock': TIME,
  'unix-seconds': UNIX,
  'unix-milliseconds': UNIX,
  'unix-microseconds': UNIX,
};

function familyOf(type: string): Family {
  if (isList(type)) return 'list';
  if (/^(STRUCT|MAP|UNION)\b|\]$/.test(type)) return 'nested';
  if (/^(VARCHAR|UUID|ENUM)/.test(type)) return 'text';
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type)) return 'whole';
  if (/^(DOUBLE|DECIMAL)/.test(type)) return 'real';
  if (type === 'FLOAT') return 'float';
  if (type === 'BOOLEAN') return 'truth';
  if (/^(DATE|TIMESTAMP)/.test(type)) return 'time';
  if (/^(TIME|INTERVAL)/.test(type)) return 'clock';
  if (/^(BLOB|BIT)/.test(type)) return 'binary';
  // JSON whose cells are all empty, or of several types: the cells will tell.
  return 'unknown';
}

/** A list of single values. */
export function isList(type: string): boolean {
  return /^[A-Z]+(\([0-9, ]*\))?\[\]$/.test(type);
}

function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
