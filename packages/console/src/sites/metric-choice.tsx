import type { ReactElement } from 'react';

import { Choice } from '../element/choice.tsx';
import type { Metric } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';

export function MetricChoice(props: { metric: Metric; onChoose: (metric: Metric) => void }): ReactElement {
  const { words } = useSpeech();
  return (
    <Choice<Metric>
      name="metric"
      label={words.metric}
      value={props.metric}
      options={[
        { value: 'ndcg', text: words.metricName.ndcg },
        { value: 'hr', text: words.metricName.hr },
      ]}
      onChoose={props.onChoose}
    />
  );
}
