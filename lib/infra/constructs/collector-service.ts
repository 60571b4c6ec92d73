import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AssetHashType, BundlingOutput, DockerImage, Duration, Size } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  AwsLogDriverMode,
  Cluster,
  ContainerDependencyCondition,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
  type ContainerDefinition,
  type ICluster,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { buildSync } from 'esbuild';
import type { Config } from '#config/load.ts';
import { acknowledge } from '../acknowledge.ts';
import { collectorBuild } from '../bundling.ts';
import { PROJECT_ROOT } from '../project-root.ts';
import type { ServiceEnvironment } from '../service-environment.ts';
import { createLogGroup } from './service-function.ts';

export type CollectorProps = {
  readonly settings: Config['deployment']['collector'];
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  readonly environment: ServiceEnvironment;
  readonly logRetentionDays: number;
  /** What its role may do, apart from fetching its own code. */
  readonly statements: () => readonly PolicyStatement[];
};

export type CollectorServices = { readonly services: readonly FargateService[]; readonly cluster: Cluster; readonly logGroup: LogGroup };

const CODE = '/app';
const SCRATCH = '/tmp';

/** One container a task number, on arm64, in public subnets with nothing let in. A new one is healthy before the old one goes. */
export function createCollector(parent: Construct, props: CollectorProps): CollectorServices {
  const scope = new Construct(parent, 'collector');
  const { settings, vpc } = props;
  const logGroup = createLogGroup(scope, 'collector', props.logRetentionDays);
  const cluster = new Cluster(scope, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.DISABLED });
  acknowledge(cluster, { ECS4: 'Container Insights bill by metric and say nothing about data; the collector’s own lines and alarms do.' });
  const bundle = settings.image === 'none' ? collectorBundle(scope) : undefined;
  const services = Array.from({ length: settings.tasks }, (_, index) => {
    const task = taskDefinition(scope, `Task${index + 1}`, { ...props, logGroup, bundle, number: index + 1 });
    return new FargateService(scope, `Service${index + 1}`, {
      // The CDK's own classes do not keep its interfaces under exact optional types.
      cluster: cluster as ICluster,
      taskDefinition: task,
      desiredCount: 1,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      assignPublicIp: true,
      vpcSubnets: { subnetType: SubnetType.PUBLIC },
      securityGroups: [props.securityGroup],
    });
  });
  return { services, cluster, logGroup };
}

/** The collector as one file. Its hash is in its address, so new code is a new task definition, and that a rolling deploy. */
function collectorBundle(scope: Construct): Asset {
  return new Asset(scope, 'Bundle', {
    path: join(PROJECT_ROOT, 'fargate'),
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('unused'),
      outputType: BundlingOutput.SINGLE_FILE,
      local: {
        tryBundle(outputDirectory) {
          buildSync(collectorBuild(join(outputDirectory, 'collector.mjs'), configurationFiles()));
          return true;
        },
      },
    },
  });
}

function configurationFiles(): Readonly<Record<string, string>> {
  const folder = join(PROJECT_ROOT, 'config');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

type TaskProps = CollectorProps & { readonly logGroup: LogGroup; readonly bundle: Asset | undefined; readonly number: number };

function taskDefinition(scope: Construct, id: string, props: TaskProps): FargateTaskDefinition {
  const { settings, bundle, number } = props;
  const task = new FargateTaskDefinition(scope, id, {
    cpu: 256,
    memoryLimitMiB: 512,
    runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
    volumes: [{ name: 'code' }, { name: 'scratch' }],
  });
  const environment = {
    ...props.environment,
    TIDEMARK_STREAMING__COLLECTOR__TASK: String(number),
    TIDEMARK_STREAMING__COLLECTOR__TASKS: String(settings.tasks),
  };
  const main = bundle === undefined ? 'fargate/collector/main.ts' : `${CODE}/collector.mjs`;
  const collector = task.addContainer('collector', {
    image: bundle === undefined ? repositoryImage() : ContainerImage.fromRegistry(settings.nodeImage),
    command: ['node', main],
    environment: { NODE_OPTIONS: '--enable-source-maps', ...environment },
    user: '1000:1000',
    readonlyRootFilesystem: true,
    linuxParameters: new LinuxParameters(task, 'Linux', { initProcessEnabled: true }),
    stopTimeout: Duration.seconds(30),
    healthCheck: {
      command: ['CMD', 'node', main, 'health'],
      interval: Duration.seconds(15),
      timeout: Duration.seconds(5),
      startPeriod: Duration.seconds(60),
      retries: 3,
    },
    logging: logging(props, 'collector'),
  });
  collector.addMountPoints({ containerPath: SCRATCH, sourceVolume: 'scratch', readOnly: false });
  addFetcher(task, collector, props);
  for (const statement of props.statements()) task.addToTaskRolePolicy(statement);
  if (bundle === undefined)
    acknowledge(task, { 'IAM5[Resource::*]': 'The token for the registry of images: that action takes no resource.' });
  acknowledge(task, { ECS2: 'Configuration and names of secrets; passwords are read from Secrets Manager by the process itself.' });
  return task;
}

function repositoryImage(): ContainerImage {
  return ContainerImage.fromAsset(PROJECT_ROOT, { file: 'fargate/collector/Dockerfile', platform: Platform.LINUX_ARM64 });
}

/** Lays the code in place and opens the volumes, which belong to root, to the collector's user; then it is gone. */
function addFetcher(task: FargateTaskDefinition, collector: ContainerDefinition, props: TaskProps): void {
  const { settings, bundle } = props;
  const copy =
    bundle === undefined ? [] : [`aws s3 cp --only-show-errors ${bundle.s3ObjectUrl} ${CODE}/collector.mjs`, `chmod 755 ${CODE}`];
  const fetcher = task.addContainer('fetch', {
    image: ContainerImage.fromRegistry(settings.fetchImage),
    essential: false,
    readonlyRootFilesystem: true,
    environment: { HOME: SCRATCH },
    entryPoint: ['/bin/sh', '-c'],
    command: [['set -e', `chmod 1777 ${SCRATCH}`, ...copy].join(' && ')],
    logging: logging(props, 'fetch'),
  });
  fetcher.addMountPoints(
    { containerPath: CODE, sourceVolume: 'code', readOnly: false },
    { containerPath: SCRATCH, sourceVolume: 'scratch', readOnly: false },
  );
  collector.addContainerDependencies({ container: fetcher, condition: ContainerDependencyCondition.SUCCESS });
  if (bundle === undefined) return;
  collector.addMountPoints({ containerPath: CODE, sourceVolume: 'code', readOnly: true });
  task.addToTaskRolePolicy(
    new PolicyStatement({ actions: ['s3:GetObject'], resources: [`${bundle.bucket.bucketArn}/${bundle.s3ObjectKey}`] }),
  );
}

/** The log never holds up the sockets: what does not fit the buffer is lost. */
function logging({ logGroup }: TaskProps, streamPrefix: string): LogDriver {
  return LogDriver.awsLogs({ logGroup, streamPrefix, mode: AwsLogDriverMode.NON_BLOCKING, maxBufferSize: Size.mebibytes(4) });
}
