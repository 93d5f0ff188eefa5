import type { ReactElement } from 'react';

import type { GateView, Interval, Strategy } from '@noren/protocol/console';
import { useSpeech } from '../language/language.tsx';
import { percentOn, STRATEGIES } from './scale.ts';
import type { Metric, Scale } from './scale.ts';

const LINE_HEIGHT = 10;
/** Fills a row of the table of numbers, so that the gridlines run through. */
const ROW_HEIGHT = 46;
/** Values need one digit more than the ticks around them. */
const VALUE_DIGITS = 3;

/** The strategies of one site under each other: mean and 95 % whiskers; what is in service is filled. */
export function IntervalChart(props: { gate: GateView; metric: Metric; scale: Scale }): ReactElement {
  const { words, formats } = useSpeech();
  const { gate, metric, scale } = props;
  const lines = STRATEGIES.flatMap((strategy) => {
    const score = gate.scores.find((each) => each.strategy === strategy);
    return score === undefined ? [] : [{ strategy, interval: score[metric] }];
  });
  const height = Math.max(1, lines.length) * LINE_HEIGHT;
  const text = (strategy: Strategy, interval: Interval): string =>
    `${words.strategy[strategy]} ${formats.decimal(interval.mean, VALUE_DIGITS)} [${formats.decimal(interval.low, VALUE_DIGITS)}, ${formats.decimal(interval.high, VALUE_DIGITS)}]`;
  const label = `${words.metricName[metric]}: ${lines.map((line) => text(line.strategy, line.interval)).join('; ')}`;
  return (
    <svg className="intervals" width="100%" height={height} role="img" aria-label={label}>
      <Gridlines scale={scale} height={height} />
      {lines.map(({ strategy, interval }, line) => (
        <g
          key={strategy}
          data-strategy={strategy}
          className={strategy === gate.chosen ? 'interval chosen' : 'interval'}
        >
          <title>{text(strategy, interval)}</title>
          <IntervalMark interval={interval} scale={scale} y={(line + 0.5) * LINE_HEIGHT} />
        </g>
      ))}
    </svg>
  );
}

/** One interval on a line of its own, for the table of numbers. */
export function IntervalLine(props: {
  strategy: Strategy;
  interval: Interval;
  chosen: boolean;
  scale: Scale;
}): ReactElement {
  const height = ROW_HEIGHT;
  return (
    <svg className="intervals" width="100%" height={height} aria-hidden="true">
      <Gridlines scale={props.scale} height={height} />
      <g data-strategy={props.strategy} className={props.chosen ? 'interval chosen' : 'interval'}>
        <IntervalMark interval={props.interval} scale={props.scale} y={height / 2} />
      </g>
    </svg>
  );
}

function IntervalMark(props: { interval: Interval; scale: Scale; y: number }): ReactElement {
  const { interval, scale, y } = props;
  const x = (value: number): string => `${percentOn(scale, value).toFixed(2)}%`;
  return (
    <>
      <line className="whisker" x1={x(interval.low)} x2={x(interval.high)} y1={y} y2={y} />
      <circle className="mean" cx={x(interval.mean)} cy={y} r="3" />
    </>
  );
}

function Gridlines({ scale, height }: { scale: Scale; height: number }): ReactElement {
  return (
    <>
      {scale.ticks.map((tick) => {
        const x = `${percentOn(scale, tick).toFixed(2)}%`;
        return <line key={tick} className="gridline" x1={x} x2={x} y1="0" y2={height} />;
      })}
    </>
  );
}

/** The scale's numbers, to stand above a column of charts. */
export function ScaleTicks({ scale }: { scale: Scale }): ReactElement {
  const { formats } = useSpeech();
  return (
    <svg className="ticks" width="100%" height="12" aria-hidden="true">
      {scale.ticks.map((tick) => (
        <text key={tick} x={`${percentOn(scale, tick).toFixed(2)}%`} y="10" textAnchor="middle">
          {formats.decimal(tick, scale.digits)}
        </text>
      ))}
    </svg>
  );
}

/** Which colour is which strategy, and what filled means. */
export function StrategyLegend(): ReactElement {
  const { words } = useSpeech();
  return (
    <ul className="legend" aria-hidden="true">
      {STRATEGIES.map((strategy) => (
        <li key={strategy} title={words.strategyMeaning[strategy]}>
          <StrategyDot strategy={strategy} chosen={false} />
          {words.strategy[strategy]}
        </li>
      ))}
      <li className="legend-filled">
        <StrategyDot strategy="federated" chosen />
        {words.inService}
      </li>
    </ul>
  );
}

export function StrategyDot({ strategy, chosen }: { strategy: Strategy; chosen: boolean }): ReactElement {
  return (
    <svg className="dot" width="14" height="10" viewBox="0 0 14 10" aria-hidden="true">
      <g data-strategy={strategy} className={chosen ? 'interval chosen' : 'interval'}>
        <line className="whisker" x1="0" x2="14" y1="5" y2="5" />
        <circle className="mean" cx="7" cy="5" r="3" />
      </g>
    </svg>
  );
}
