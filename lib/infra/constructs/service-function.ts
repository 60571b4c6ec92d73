import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  type Function as LambdaFunction,
} from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { FUNCTION_BUNDLING } from '../bundling.ts';
import { PROJECT_ROOT } from '../project-root.ts';
import type { ServiceEnvironment } from '../service-environment.ts';

export type ServiceNetwork = { readonly vpc: IVpc; readonly securityGroup: ISecurityGroup };

export type ServiceFunctionProps = {
  readonly service: 'sync' | 'indicators' | 'verify' | 'archive' | 'migrate';
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: ServiceEnvironment;
  readonly logRetentionDays: number;
  /** In private subnets of it; outside of any network when undefined. */
  readonly network: ServiceNetwork | undefined;
};

export type ServiceFunction = { readonly function: LambdaFunction; readonly role: Role; readonly logGroup: LogGroup };

/** What a function in a network must be able to do with interfaces; AWS lets none of it be narrowed to a resource. */
const INTERFACE_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/** One service of `lambdas/` as a function on arm64, with a role and a log group of its own. */
export function createServiceFunction(parent: Construct, props: ServiceFunctionProps): ServiceFunction {
  const { service, memoryMb, timeoutSeconds, environment, network } = props;
  const scope = new Construct(parent, service);
  const logGroup = createLogGroup(scope, service, props.logRetentionDays);
  const role = new Role(scope, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  if (network !== undefined) {
    role.addToPolicy(new PolicyStatement({ actions: INTERFACE_ACTIONS, resources: ['*'] }));
    acknowledge(role, { 'IAM5[Resource::*]': 'Network interfaces of a function in a VPC: these actions take no resource.' });
  }
  const made = new NodejsFunction(scope, 'Function', {
    functionName: `tidemark-${service}`,
    entry: join(PROJECT_ROOT, `lambdas/${service}/handler.ts`),
    projectRoot: PROJECT_ROOT,
    depsLockFilePath: join(PROJECT_ROOT, 'package-lock.json'),
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: memoryMb,
    timeout: Duration.seconds(timeoutSeconds),
    environment: { NODE_OPTIONS: '--enable-source-maps', ...environment },
    role,
    logGroup,
    loggingFormat: LoggingFormat.JSON,
    applicationLogLevelV2: ApplicationLogLevel.INFO,
    systemLogLevelV2: SystemLogLevel.INFO,
    bundling: FUNCTION_BUNDLING,
    ...(network === undefined ? {} : { vpc: network.vpc, securityGroups: [network.securityGroup] }),
  });
  return { function: made, role, logGroup };
}

/** `/tidemark/<service>`, kept for so many days; logs are no record of anything, so they go with their stack. */
export function createLogGroup(scope: Construct, service: string, retentionDays: number): LogGroup {
  return new LogGroup(scope, 'Logs', {
    logGroupName: `/tidemark/${service}`,
    // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- its values are the numbers of days, which the configuration checks
    retention: retentionDays as RetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
