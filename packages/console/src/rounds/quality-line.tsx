import type { ReactElement } from 'react';

import { MAX_STEPS, niceScale, percentOn } from '../gate/scale.ts';
import type { Metric } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';
import type { TrendPoint } from './quality-trend.ts';

const HEIGHT = 96;
const LABEL_HEIGHT = 16;
const DIGITS = 3;

/** The federation's quality from round to round, above the sites' own scratch reference. Two points make a line. */
export function QualityLine(props: { points: readonly TrendPoint[]; metric: Metric }): ReactElement | null {
  const { words, formats } = useSpeech();
  const { points, metric } = props;
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || first === last) return null;

  const values = points.flatMap((point) => [point.federated, point.scratch]);
  const scale = niceScale(Math.min(...values), Math.max(...values), MAX_STEPS);
  const x = (point: TrendPoint): number => ((point.round - first.round) / (last.round - first.round)) * 100;
  const y = (value: number): number => (1 - percentOn(scale, value) / 100) * HEIGHT;
  const labels = endLabels(y(last.federated), y(last.scratch));
  const path = (value: (point: TrendPoint) => number): string =>
    points
      .map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point).toFixed(2)} ${y(value(point)).toFixed(2)}`)
      .join('');
  const summary = words.trendSummary(
    formats.decimal(first.federated, DIGITS),
    formats.decimal(last.federated, DIGITS),
    formats.integer(first.round),
    formats.integer(last.round),
  );

  return (
    <figure className="trend">
      <figcaption>
        <strong>{words.metricName[metric]}</strong> <span className="faint">{words.trend}</span>
      </figcaption>
      <svg className="trend-plot" height={HEIGHT} role="img" aria-label={summary}>
        {scale.ticks.map((tick) => (
          <g key={tick}>
            <line className="gridline" x1="0" x2="100%" y1={y(tick)} y2={y(tick)} />
            <text className="tick" x="-10" y={y(tick)} dy="4" textAnchor="end">
              {formats.decimal(tick, scale.digits)}
            </text>
          </g>
        ))}
        <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" width="100%" height={HEIGHT} overflow="visible">
          <path className="trend-line" data-strategy="scratch" d={path((point) => point.scratch)} />
          <path className="trend-line" data-strategy="federated" d={path((point) => point.federated)} />
        </svg>
        {points.map((point) => (
          <circle
            key={point.round}
            className="trend-point"
            data-strategy="federated"
            cx={`${x(point)}%`}
            cy={y(point.federated)}
            r="2.5"
          >
            <title>
              {`${words.round(formats.integer(point.round))}: ${words.strategy.federated} ${formats.decimal(point.federated, DIGITS)}, ${words.strategy.scratch} ${formats.decimal(point.scratch, DIGITS)}`}
            </title>
          </circle>
        ))}
        {labels.map((label) => (
          <text
            key={label.strategy}
            className="trend-label"
            data-strategy={label.strategy}
            x="100%"
            y={label.y}
            dx="10"
            dy="4"
          >
            {words.strategy[label.strategy]} {formats.decimal(last[label.strategy], DIGITS)}
          </text>
        ))}
        <text className="tick" x="0" y={HEIGHT + 18} textAnchor="start">
          {words.round(formats.integer(first.round))}
        </text>
        <text className="tick" x="100%" y={HEIGHT + 18} textAnchor="end">
          {formats.integer(last.round)}
        </text>
      </svg>
    </figure>
  );
}

/** Heights of the two lines' names at their ends, pushed apart where the lines nearly meet. */
function endLabels(federated: number, scratch: number): readonly { strategy: 'federated' | 'scratch'; y: number }[] {
  const push = Math.max(0, LABEL_HEIGHT - Math.abs(federated - scratch)) / 2;
  const up = federated <= scratch ? -push : push;
  return [
    { strategy: 'federated', y: federated + up },
    { strategy: 'scratch', y: scratch - up },
  ];
}
