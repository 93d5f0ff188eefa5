import type { Attribute } from '../../onnx/model.ts';
import type { Graph } from '../graph.ts';
import type { Kernel } from '../kernel.ts';
import {
  broadcastShape,
  castValue,
  scalarLiteral,
  symbolOf,
  uniformSymbol,
  type Symbolic,
  type SymbolType,
} from '../symbol.ts';

/** One broadcasting node. What is broadcast lazily in all operands stays lazy in the result. */
export function elementwise(
  graph: Graph,
  op: string,
  operands: readonly Symbolic[],
  dtype: SymbolType = operands[0]?.dtype ?? 'float32',
  attributes: Readonly<Record<string, Attribute>> = {},
): Symbolic {
  const inputs = operands.map(({ value }) => value);
  const valueShape = inputs.map(({ shape }) => shape).reduce(broadcastShape, []);
  const shape = operands.map((operand) => operand.shape).reduce(broadcastShape, []);
  return symbolOf(graph.emit({ op, inputs, attributes }, valueShape, dtype), shape);
}

/** `x` where a number of the same dtype is the other operand. */
export function withNumber(graph: Graph, op: string, x: Symbolic, number: number): Symbolic {
  return elementwise(graph, op, [x, uniformSymbol(graph, number, [], x.dtype)]);
}

interface Arithmetic {
  readonly op: string;
  readonly fold: (a: number, b: number) => number;
  /** The number that leaves the other operand as it is, by the side it stands on. */
  readonly neutral?: { readonly left?: number; readonly right?: number };
}

/** Arithmetic on numbers known while tracing is done at once; neutral operands vanish (gradients are full of both). */
function arithmetic({ op, fold, neutral }: Arithmetic): Kernel {
  return (call) => {
    const { graph } = call;
    const a = call.input('a');
    const b = call.input('b');
    const shape = broadcastShape(a.shape, b.shape);
    if (a.uniform !== undefined && b.uniform !== undefined) {
      const number = fold(a.uniform, b.uniform);
      return uniformSymbol(graph, a.dtype === 'float32' ? Math.fround(number) : number, shape, a.dtype);
    }
    if (b.uniform !== undefined && b.uniform === neutral?.right) return { ...a, shape };
    if (a.uniform !== undefined && a.uniform === neutral?.left) return { ...b, shape };
    return elementwise(graph, op, [a, b]);
  };
}

function comparison(op: string): Kernel {
  return (call) => elementwise(call.graph, op, [call.input('a'), call.input('b')], 'bool');
}

/** A kernel with one operand `x` and an ONNX operation of the same meaning. */
function unary(op: string, dtype?: SymbolType): Kernel {
  return (call) => elementwise(call.graph, op, [call.input('x')], dtype);
}

export function cast(graph: Graph, x: Symbolic, dtype: SymbolType): Symbolic {
  if (x.uniform !== undefined && dtype !== 'bool') {
    return uniformSymbol(graph, dtype === 'int32' ? Math.trunc(x.uniform) : x.uniform, x.shape, dtype);
  }
  return symbolOf(castValue(graph, x.value, dtype), x.shape);
}

const square: Kernel = (call) => elementwise(call.graph, 'Mul', [call.input('x'), call.input('x')]);

const reciprocalRoot: Kernel = (call) =>
  elementwise(call.graph, 'Reciprocal', [elementwise(call.graph, 'Sqrt', [call.input('x')])]);

const clip: Kernel = (call) =>
  clipTo(call.graph, call.input('x'), call.number('clipValueMin'), call.number('clipValueMax'));

function clipTo(graph: Graph, x: Symbolic, low: number, high: number): Symbolic {
  const bounds = [low, high].map((bound) => scalarLiteral(graph, bound, x.dtype));
  return symbolOf(graph.emit({ op: 'Clip', inputs: [x.value, ...bounds] }, x.value.shape, x.dtype), x.shape);
}

/** 1 above zero and `alpha` elsewhere. */
const step: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const alpha = call.number('alpha');
  const zero = uniformSymbol(graph, 0, [], x.dtype);
  const above = cast(graph, elementwise(graph, 'Greater', [x, zero], 'bool'), x.dtype);
  if (alpha === 0) return above;
  return withNumber(graph, 'Add', withNumber(graph, 'Mul', above, 1 - alpha), alpha);
};

/** dy where y >= 0, dy (y + 1) below: the derivative of ELU in terms of its result. */
const eluGradient: Kernel = (call) => {
  const { graph } = call;
  const slope = withNumber(graph, 'Add', withNumber(graph, 'Min', call.input('y'), 0), 1);
  return elementwise(graph, 'Mul', [call.input('dy'), slope]);
};

/** ONNX Pow costs 15 times an Exp, and exponents are nearly always one of these (tfjs writes x^1.5 in gradients). */
const power: Kernel = (call) => {
  const { graph } = call;
  const a = call.input('a');
  const b = call.input('b');
  const shape = broadcastShape(a.shape, b.shape);
  const root = (): Symbolic => elementwise(graph, 'Sqrt', [a]);
  const product = (x: Symbolic, y: Symbolic): Symbolic => elementwise(graph, 'Mul', [x, y]);
  const byExponent: Readonly<Record<number, () => Symbolic>> = {
    [-1]: () => elementwise(graph, 'Reciprocal', [a]),
    [-0.5]: () => elementwise(graph, 'Reciprocal', [root()]),
    [0.5]: root,
    1: () => a,
    1.5: () => product(a, root()),
    2: () => product(a, a),
    3: () => product(a, product(a, a)),
  };
  const shortCut = a.dtype === 'float32' && b.uniform !== undefined ? byExponent[b.uniform] : undefined;
  return shortCut === undefined ? elementwise(graph, 'Pow', [a, b]) : { ...shortCut(), shape };
};

/** Rounds towards minus infinity; ONNX divides integers towards zero. */
const floorDivide: Kernel = (call) => {
  const { graph } = call;
  const a = call.input('a');
  const quotient = elementwise(graph, 'Div', [cast(graph, a, 'float32'), cast(graph, call.input('b'), 'float32')]);
  return cast(graph, elementwise(graph, 'Floor', [quotient]), a.dtype);
};

const squaredDifference: Kernel = (call) => {
  const difference = elementwise(call.graph, 'Sub', [call.input('a'), call.input('b')]);
  return elementwise(call.graph, 'Mul', [difference, difference]);
};

const select: Kernel = (call) => {
  const branches = [call.input('t'), call.input('e')];
  return elementwise(call.graph, 'Where', [call.input('condition'), ...branches], call.input('t').dtype);
};

const addAll: Kernel = (call) => {
  const [first, ...rest] = call.list();
  if (first === undefined) throw call.unsupported('without operands');
  return rest.reduce((sum, term) => elementwise(call.graph, 'Add', [sum, term]), first);
};

const float = (value: number): Attribute => ({ kind: 'float', value });

const negate: Kernel = (call) => {
  const x = call.input('x');
  if (x.uniform !== undefined) return uniformSymbol(call.graph, -x.uniform, x.shape, x.dtype);
  return elementwise(call.graph, 'Neg', [x]);
};

export const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  elu: 'Elu',
};

export const elementwiseKernels: Readonly<Record<string, Kernel>> = {
  Add: arithmetic({ op: 'Add', fold: (a, b) => a + b, neutral: { left: 0, right: 0 } }),
  Sub: arithmetic({ op: 'Sub', fold: (a, b) => a - b, neutral: { right: 0 } }),
  Multiply: arithmetic({ op: 'Mul', fold: (a, b) => a * b, neutral: { left: 1, right: 1 } }),
  RealDiv: arithmetic({ op: 'Div', fold: (a, b) => a / b, neutral: { right: 1 } }),
  Maximum: arithmetic({ op: 'Max', fold: Math.max }),
  Minimum: arithmetic({ op: 'Min', fold: Math.min }),
  AddN: addAll,
  FloorDiv: floorDivide,
  SquaredDifference: squaredDifference,
  Pow: power,
  Equal: comparison('Equal'),
  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  NotEqual: (call) =>
    elementwise(call.graph, 'Not', [elementwise(call.graph, 'Equal', [call.input('a'), call.input('b')], 'bool')]),
  LogicalAnd: comparison('And'),
  LogicalOr: comparison('Or'),
  LogicalNot: unary('Not', 'bool'),
  Select: select,
  Abs: unary('Abs'),
  Ceil: unary('Ceil'),
  Cos: unary('Cos'),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Floor: unary('Floor'),
  IsNan: unary('IsNaN', 'bool'),
  Log: unary('Log'),
  Neg: negate,
  Reciprocal: unary('Reciprocal'),
  Relu: unary('Relu'),
  Round: unary('Round'),
  Sigmoid: unary('Sigmoid'),
  Sign: unary('Sign'),
  Sin: unary('Sin'),
  Softplus: unary('Softplus'),
  Sqrt: unary('Sqrt'),
  Tanh: unary('Tanh'),
  Elu: unary('Elu'),
  EluGrad: eluGradient,
  Expm1: (call) => withNumber(call.graph, 'Sub', elementwise(call.graph, 'Exp', [call.input('x')]), 1),
  Log1p: (call) => elementwise(call.graph, 'Log', [withNumber(call.graph, 'Add', call.input('x'), 1)]),
  LeakyRelu: (call) =>
    elementwise(call.graph, 'LeakyRelu', [call.input('x')], undefined, { alpha: float(call.number('alpha')) }),
  Relu6: (call) => clipTo(call.graph, call.input('x'), 0, 6),
  Rsqrt: reciprocalRoot,
  Square: square,
  Step: step,
  ClipByValue: clip,
  Cast: (call) => cast(call.graph, call.input('x'), call.dtype('dtype')),
};
