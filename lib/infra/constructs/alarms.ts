import { Alarm, ComparisonOperator, TreatMissingData, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Exchange } from '#core/exchange.ts';

type Bad = {
  readonly description: string;
  readonly isBadFrom?: number;
  readonly isBadBelow?: number;
  /** For so many of the metric's periods in a row; 1 when absent. */
  readonly periods?: number;
  /** Data are expected always: without any it is as bad as with bad ones. */
  readonly isSilenceBad: boolean;
};

export type AddAlarm = (name: string, metric: IMetric, bad: Bad, exchange?: Exchange) => void;

/** Alarms that tell the topic, each with its page in docs/runbooks. One about an exchange carries its name in front. */
export function createAlarms(scope: Construct, topic: Topic): AddAlarm {
  return (runbook, metric, { description, isBadFrom, isBadBelow, periods = 1, isSilenceBad }, exchange) => {
    const name = exchange === undefined ? runbook : `${exchange}-${runbook}`;
    const alarm = new Alarm(scope, name, {
      alarmName: `tidemark-${name}`,
      alarmDescription: `${description}. docs/runbooks/${runbook}.md`,
      metric,
      threshold: isBadBelow ?? isBadFrom ?? 1,
      comparisonOperator:
        isBadBelow === undefined ? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD : ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: isSilenceBad ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  };
}
