import { Stack, Validations } from 'aws-cdk-lib';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';

/** Accepts findings of cdk-nag at this construct and below, each with the reason that a reviewer reads. */
export function acknowledge(scope: IConstruct, findings: Readonly<Record<string, string>>): void {
  Validations.of(scope).acknowledge(...Object.entries(findings).map(([id, reason]) => ({ id: `AwsSolutions-${id}`, reason })));
}

/**
 * How cdk-nag names a wildcard behind the ARN of the archive's bucket, seen from the bucket's own stack or from another one, which reads the
 * bucket's ARN as an output of the data stack.
 */
export function bucketFinding(bucket: Bucket, objects: string, seenFrom: IConstruct = bucket): string {
  const logicalId: string = Stack.of(bucket).resolve((bucket.node.defaultChild as CfnBucket).logicalId);
  const [own, other] = [Stack.of(bucket), Stack.of(seenFrom)];
  if (own === other) return `IAM5[Resource::<${logicalId}.Arn>/${objects}]`;
  const output = { StackName: own.stackName, Region: own.region, OutputName: `PublishOutputFnGetAtt${logicalId}Arn${OUTPUT_SUFFIX}` };
  return `IAM5[Resource::${JSON.stringify({ 'Fn::GetStackOutput': output })}/${objects}]`;
}

/** The CDK's hash of the output's path: it stays as long as the bucket's logical id does, which a test guards. */
const OUTPUT_SUFFIX = '59D8F48D';
