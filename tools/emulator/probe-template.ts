/** A function that tells what it sees, and throws at records that say poison. */
const CODE = `exports.handler = async (event, context) => {
  if (event.Records === undefined) {
    console.log(JSON.stringify({ kind: 'told' }));
    return { node: process.version, arch: process.arch, functionName: context.functionName, remainingMs: context.getRemainingTimeInMillis(),
      isInTaskRoot: process.cwd() === process.env.LAMBDA_TASK_ROOT, seesHostVariable: process.env.GATEWAY_PORT !== undefined };
  }
  const texts = event.Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString());
  console.log('batch ' + texts.join(', '));
  if (texts.includes('poison')) throw new Error('poison');
};`;

const role = {
  AssumeRolePolicyDocument: {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
  },
};
const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const standard = (QueueName: string, more: object = {}) => ({ Type: 'AWS::SQS::Queue', Properties: { QueueName, ...more } });
const redriveTo = (id: string) => ({ RedrivePolicy: { maxReceiveCount: 1, deadLetterTargetArn: arnOf(id) } });

/** The kinds of resources that the platform's stack has, as small as they can be. */
export const PROBE_TEMPLATE = {
  Resources: {
    Ticks: standard('probe-ticks.fifo', { FifoQueue: true, ContentBasedDeduplication: true, DelaySeconds: 3, ...redriveTo('DeadFifo') }),
    DeadFifo: standard('probe-dead.fifo', { FifoQueue: true }),
    Standard: standard('probe-standard', redriveTo('Dead')),
    Dead: standard('probe-dead'),
    Failed: standard('probe-failed'),
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['probe'] },
        Targets: [{ Id: 'ticks', Arn: arnOf('Ticks'), SqsParameters: { MessageGroupId: 'probe' } }],
      },
    },
    Stream: { Type: 'AWS::Kinesis::Stream', Properties: { Name: 'probe', ShardCount: 1 } },
    Bucket: { Type: 'AWS::S3::Bucket' },
    Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'probe' } },
    Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/probe' } },
    Filter: {
      Type: 'AWS::Logs::MetricFilter',
      Properties: {
        LogGroupName: { Ref: 'Logs' },
        FilterPattern: '{ $.kind = "told" }',
        MetricTransformations: [{ MetricNamespace: 'Probe', MetricName: 'Told', MetricValue: '1' }],
      },
    },
    Alarm: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        Namespace: 'Probe',
        MetricName: 'Told',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      },
    },
    Role: { Type: 'AWS::IAM::Role', Properties: role },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'probe',
        Runtime: 'nodejs22.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        Timeout: 10,
        Code: { ZipFile: CODE },
        Role: arnOf('Role'),
        LoggingConfig: { LogGroup: { Ref: 'Logs' } },
      },
    },
    Source: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        EventSourceArn: arnOf('Stream'),
        FunctionName: { Ref: 'Function' },
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 100,
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: arnOf('Failed') } },
      },
    },
  },
  Outputs: { Secret: { Value: { Ref: 'Secret' } }, Bucket: { Value: { Ref: 'Bucket' } } },
};

/** Types of the stacks for AWS that the stack for an emulator leaves out, each in a stack of its own. */
export const SINGLE_TYPES: Readonly<Record<string, object>> = {
  'AWS::Budgets::Budget': { Budget: { BudgetType: 'COST', TimeUnit: 'MONTHLY' } },
  'AWS::CloudWatch::Alarm': {
    Namespace: 'Probe',
    MetricName: 'Told',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    Statistic: 'Sum',
    ComparisonOperator: 'LessThanThreshold',
  },
  'AWS::CloudWatch::Dashboard': { DashboardBody: '{"widgets":[]}' },
  'AWS::EC2::EIP': { Domain: 'vpc' },
  'AWS::EC2::Instance': { ImageId: 'ami-1', InstanceType: 't4g.small' },
  'AWS::EC2::NatGateway': { SubnetId: 'subnet-1', AllocationId: 'eipalloc-1' },
  'AWS::EC2::SecurityGroupIngress': { GroupId: 'sg-1', IpProtocol: 'tcp', FromPort: 1, ToPort: 1, CidrIp: '10.0.0.0/8' },
  'AWS::EC2::SecurityGroupEgress': { GroupId: 'sg-1', IpProtocol: 'tcp', FromPort: 1, ToPort: 1, CidrIp: '10.0.0.0/8' },
  'AWS::EC2::Volume': { AvailabilityZone: 'eu-west-1a', Size: 1 },
  'AWS::EC2::VPC': { CidrBlock: '10.0.0.0/16' },
  'AWS::ECS::Cluster': { ClusterName: 'probe' },
  'AWS::ElastiCache::ServerlessCache': { ServerlessCacheName: 'probe', Engine: 'valkey' },
  'AWS::Logs::QueryDefinition': { Name: 'probe', QueryString: 'fields @message' },
  'AWS::SNS::Topic': { TopicName: 'probe' },
};
