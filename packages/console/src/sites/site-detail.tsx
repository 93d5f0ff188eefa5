import type { ReactElement } from 'react';

import type { GateView } from '@noren/protocol/console';
import { IntervalLine, ScaleTicks, StrategyDot } from '../gate/interval-chart.tsx';
import { STRATEGIES } from '../gate/scale.ts';
import type { Metric, Scale } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';

const DIGITS = 4;

/** The gate's evidence at one site: every strategy's numbers, and the reason for the verdict in words. */
export function SiteDetail(props: { name: string; gate: GateView; metric: Metric; scale: Scale }): ReactElement {
  const { words, formats } = useSpeech();
  const { gate, metric } = props;
  const metrics: readonly Metric[] = metric === 'ndcg' ? ['ndcg', 'hr'] : ['hr', 'ndcg'];
  return (
    <>
      <table className="numbers">
        <caption className="unseen">{props.name}</caption>
        <thead>
          <tr>
            <th scope="col">{words.columnStrategy}</th>
            <th scope="col" className="wide">
              <span className="unseen">{words.metricName[metric]}</span>
              <ScaleTicks scale={props.scale} />
            </th>
            {metrics.map((each) => (
              <ThPair key={each} name={words.metricName[each]} interval={words.columnInterval} />
            ))}
          </tr>
        </thead>
        <tbody>
          {STRATEGIES.map((strategy) => {
            const score = gate.scores.find((each) => each.strategy === strategy);
            if (score === undefined) return null;
            const chosen = strategy === gate.chosen;
            return (
              <tr key={strategy} className={chosen ? 'chosen-row' : undefined}>
                <th scope="row">
                  <StrategyDot strategy={strategy} chosen={chosen} />
                  {words.strategy[strategy]}
                  <span className="faint strategy-meaning">
                    {chosen
                      ? `${words.inService}; ${words.strategyMeaning[strategy]}`
                      : words.strategyMeaning[strategy]}
                  </span>
                </th>
                <td className="wide">
                  <IntervalLine strategy={strategy} interval={score[metric]} chosen={chosen} scale={props.scale} />
                </td>
                {metrics.map((each) => (
                  <TdPair
                    key={each}
                    mean={formats.decimal(score[each].mean, DIGITS)}
                    interval={`${formats.decimal(score[each].low, DIGITS)} – ${formats.decimal(score[each].high, DIGITS)}`}
                  />
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="explanation">
        <span lang="en">{gate.explanation}</span>{' '}
        <span className="faint">{words.judgedIn(formats.integer(gate.round), formats.integer(gate.customers))}</span>
      </p>
    </>
  );
}

function ThPair({ name, interval }: { name: string; interval: string }): ReactElement {
  return (
    <>
      <th scope="col" className="number">
        {name}
      </th>
      <th scope="col" className="number">
        {interval}
      </th>
    </>
  );
}

function TdPair({ mean, interval }: { mean: string; interval: string }): ReactElement {
  return (
    <>
      <td className="number">{mean}</td>
      <td className="number faint">{interval}</td>
    </>
  );
}
